// Passkeys: one button signs in, one makes a passkey, one shows who is there.
// All are hidden until it is known that the browser can.

type Action = (place: HTMLElement) => Promise<void>;

const actions: Record<string, Action> = {
  add,
  signin: (place) => show("/api/passkeys/signin", place),
  confirm: (place) => show("/api/passkeys/confirm", place),
};

/** Shows the buttons of the page that this browser can follow. */
export function offerPasskeys(): void {
  if (!able()) {
    return;
  }
  document.querySelectorAll<HTMLElement>("[data-passkey]").forEach(offer);
  document.querySelectorAll<HTMLElement>("[data-passkey-missing]").forEach((place) => (place.hidden = true));
}

function able(): boolean {
  return (
    typeof PublicKeyCredential === "function" &&
    typeof PublicKeyCredential.parseCreationOptionsFromJSON === "function" &&
    typeof PublicKeyCredential.parseRequestOptionsFromJSON === "function"
  );
}

function offer(place: HTMLElement): void {
  const action = actions[place.dataset.passkey ?? ""];
  const button = place.querySelector("button");
  const fault = place.querySelector<HTMLElement>(".error");
  if (!action || !button || !fault) {
    return;
  }
  button.addEventListener("click", async () => {
    button.disabled = true;
    fault.hidden = true;
    try {
      await action(place);
    } catch (why) {
      fault.textContent = words(why);
      fault.hidden = false;
      button.disabled = false;
    }
  });
  place.hidden = false;
}

async function add(): Promise<void> {
  const options = (await post("/api/passkeys/options")) as PublicKeyCredentialCreationOptionsJSON;
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  await post("/api/passkeys", await navigator.credentials.create({ publicKey }));
  location.reload();
}

async function show(path: string, place: HTMLElement): Promise<void> {
  const options = (await post(path + "/options")) as PublicKeyCredentialRequestOptionsJSON;
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  await post(path, await navigator.credentials.get({ publicKey }));
  location.assign(place.dataset.next || "/");
}

/** Sends what a passkey said, and returns the answer. A refusal is thrown as its words. */
async function post(path: string, credential?: Credential | null): Promise<unknown> {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(credential ?? {}),
  });
  if (answer.status === 204) {
    return null;
  }
  const body = (await answer.json()) as { error?: string };
  if (!answer.ok) {
    throw new Refusal(body.error ?? "");
  }
  return body;
}

class Refusal extends Error {}

function words(why: unknown): string {
  if (why instanceof Refusal && why.message) {
    return why.message;
  }
  if (why instanceof DOMException && why.name === "InvalidStateError") {
    return "This device has a passkey for your account already.";
  }
  if (why instanceof DOMException) {
    return "Your device did not finish. Try again, or use a code by mail.";
  }
  return "The handbook does not answer. Please try again in a moment.";
}
