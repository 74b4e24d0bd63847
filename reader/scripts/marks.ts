// Marks the lessons that are finished, on a lesson's page and in an outline.

interface Progress {
  lessons: { id: string; completed: boolean }[];
}

export async function mark(): Promise<void> {
  const places = [...document.querySelectorAll<HTMLElement>("[data-lesson-mark]")];
  const modules = new Set(places.map(moduleOf).filter((module) => module !== ""));
  for (const module of modules) {
    const done = await finished(module);
    places
      .filter((place) => moduleOf(place) === module && done.has(place.dataset.lessonMark ?? ""))
      .forEach(check);
  }
}

function moduleOf(place: HTMLElement): string {
  const around = place.closest<HTMLElement>("[data-module], [data-outline]");
  return around?.dataset.module ?? around?.dataset.outline ?? "";
}

async function finished(module: string): Promise<Set<string>> {
  try {
    const answer = await fetch("/api/progress/" + encodeURIComponent(module), { headers: { Accept: "application/json" } });
    if (!answer.ok) {
      return new Set();
    }
    const { lessons } = (await answer.json()) as Progress;
    return new Set(lessons.filter((lesson) => lesson.completed).map((lesson) => lesson.id));
  } catch {
    return new Set(); // the marks are missing, the lesson is not
  }
}

function check(place: HTMLElement): void {
  const badge = document.createElement("span");
  badge.className = "badge good";
  badge.setAttribute("role", "img");
  badge.setAttribute("aria-label", "Finished");
  badge.textContent = "✓ Finished";
  place.replaceChildren(badge);
}
