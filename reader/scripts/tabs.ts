// The same thing in several ways, of which one is seen at a time. Without this
// script, and on paper, all are.

let made = 0;

/** <hb-tabs> around sections, each with its title first. */
export class Tabs extends HTMLElement {
  private tabs: HTMLButtonElement[] = [];
  private panels: HTMLElement[] = [];

  connectedCallback(): void {
    if (this.tabs.length > 0) {
      return; // moved within the page
    }
    this.panels = Array.from(this.children).filter((child): child is HTMLElement => child.matches("section.tab"));
    if (this.panels.length < 2) {
      return;
    }
    const list = document.createElement("div");
    list.className = "tablist";
    list.setAttribute("role", "tablist");
    this.tabs = this.panels.map((panel) => this.pair(panel));
    list.append(...this.tabs);
    list.addEventListener("keydown", (event) => this.key(event));
    this.prepend(list);
    this.show(0);
    addEventListener("hashchange", () => this.follow());
    this.follow();
  }

  /** Makes a section a panel, and returns its tab. */
  private pair(panel: HTMLElement): HTMLButtonElement {
    const tab = document.createElement("button");
    const title = panel.querySelector<HTMLElement>(":scope > .title");
    tab.type = "button";
    tab.id = `tab-${++made}`;
    tab.textContent = title?.textContent ?? "";
    tab.setAttribute("role", "tab");
    panel.id ||= `panel-${made}`;
    tab.setAttribute("aria-controls", panel.id);
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
    panel.tabIndex = 0;
    tab.addEventListener("click", () => this.show(this.tabs.indexOf(tab)));
    // The browser's own search looks into panels that are not seen.
    panel.addEventListener("beforematch", () => this.show(this.panels.indexOf(panel)));
    return tab;
  }

  private show(at: number): void {
    this.tabs.forEach((tab, i) => {
      tab.setAttribute("aria-selected", String(i === at));
      tab.tabIndex = i === at ? 0 : -1;
    });
    this.panels.forEach((panel, i) => {
      if (i === at) {
        panel.removeAttribute("hidden");
      } else {
        panel.setAttribute("hidden", "until-found");
      }
    });
  }

  private key(event: KeyboardEvent): void {
    const at = this.tabs.indexOf(document.activeElement as HTMLButtonElement);
    const last = this.tabs.length - 1;
    const to = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at === 0 ? last : at - 1, Home: 0, End: last }[event.key];
    if (at < 0 || to === undefined || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    event.preventDefault();
    this.show(to);
    this.tabs[to]?.focus();
  }

  /** Shows the panel that the address leads into. */
  private follow(): void {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const at = target ? this.panels.findIndex((panel) => panel.contains(target)) : -1;
    if (target && at >= 0) {
      this.show(at);
      target.scrollIntoView();
    }
  }
}
