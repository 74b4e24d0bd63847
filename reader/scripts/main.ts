// What runs on every page. Pages are whole without it.

import { count } from "./seen";
import { ask, offerSignIn, owner, showAccount } from "./session";
import { tellChange } from "./changed";
import { mark } from "./marks";
import { offerPasskeys } from "./passkey";
import { searchAsTyped } from "./search";
import { Sender } from "./sender";
import { Store, type StudyEvent } from "./store";
import { study } from "./study";
import { tellSync } from "./sync";
import { Tabs } from "./tabs";
import { keepTyped } from "./typed";

async function start(): Promise<void> {
  customElements.define("hb-tabs", Tabs);
  count();
  keepTyped();
  offerPasskeys();
  const form = document.querySelector<HTMLFormElement>("form[data-search]");
  const hits = document.querySelector<HTMLElement>("[data-hits]");
  if (form && hits) {
    searchAsTyped(form, hits);
  }
  const account = document.querySelector<HTMLAnchorElement>("a[data-account]");
  const article = document.querySelector<HTMLElement>("article[data-lesson]");

  // Reading counts from the start; whose it is may be known later.
  const early: StudyEvent[] = [];
  let sender: Sender | undefined;
  const reading = article && study(article, {
    take: (event) => (sender ? sender.add(event) : void early.push(event)),
    leave: () => sender?.flush(),
  });

  const session = await ask(account);
  showAccount(account, session);
  if (article && session === null) {
    offerSignIn(article);
  }
  const who = owner(session);
  if (!who) {
    reading?.stop();
    return;
  }
  sender = new Sender(new Store(who), tellSync, reading?.beat, () => reading?.stop());
  early.forEach((event) => sender?.add(event));
  void sender.send();
  if (session) {
    await Promise.all([mark(), article && tellChange(article, who)]);
  }
}

void start();
