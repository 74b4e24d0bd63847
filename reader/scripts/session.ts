// Who is signed in.

export interface Session {
  name: string;
  email: string;
}

const patience = 10_000;
const ownerKey = "study:owner";

/**
 * Asks who is signed in: null is nobody, undefined that the server does not
 * answer. A page that was made for somebody who is not signed in says so in
 * its account link, and need not ask.
 */
export async function ask(account: HTMLAnchorElement | null): Promise<Session | null | undefined> {
  if (account?.pathname === "/signin") {
    return null;
  }
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), patience);
  try {
    const answer = await fetch("/api/session", { headers: { Accept: "application/json" }, signal: giveUp.signal });
    return answer.ok ? ((await answer.json()) as Session | null) : undefined;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** Fills in the account link of a page whose bytes are everybody's. */
export function showAccount(link: HTMLAnchorElement | null, session: Session | null | undefined): void {
  if (!link || session === undefined) {
    return;
  }
  if (session) {
    link.textContent = session.name || session.email;
  } else if (link.pathname !== "/signin") {
    link.textContent = "Sign in";
    link.href = "/signin?next=" + encodeURIComponent(location.pathname + location.search);
  }
}

/** Has somebody who is not signed in, and so can finish no lesson, sign in instead. */
export function offerSignIn(article: HTMLElement): void {
  const link = article.querySelector<HTMLElement>("[data-signed-out]");
  const button = link?.parentElement?.querySelector("button");
  if (link && button) {
    link.hidden = false;
    button.hidden = true;
  }
}

/**
 * Returns whose reading this is. While the server does not answer, it is that
 * of whoever was signed in last.
 */
export function owner(session: Session | null | undefined): string | null {
  try {
    if (session) {
      localStorage.setItem(ownerKey, session.email);
    } else if (session === null) {
      localStorage.removeItem(ownerKey);
    }
    return session === undefined ? localStorage.getItem(ownerKey) : (session?.email ?? null);
  } catch {
    return session?.email ?? null; // this browser keeps nothing
  }
}
