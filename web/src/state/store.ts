// A page's state lives in one store; the page is a function of it.
import { useEffect, useMemo, useState } from "preact/hooks";
import { ApiError } from "../api/client";

/** Holds one immutable value and tells who listens when there is a new one. */
export class Store<State extends object> {
  private readonly listeners = new Set<() => void>();
  constructor(private value: State) {}

  get state(): State { return this.value; }

  set(change: Partial<State>): void {
    this.value = { ...this.value, ...change };
    for (const listener of [...this.listeners]) listener();
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => { this.listeners.delete(listener); };
  }
}

/** Draws again whenever the store changes, also when it did between the drawing and the listening to it. */
function useRedraw(store: Store<object>): void {
  const [, redraw] = useState(0);
  const drawn = store.state;
  useEffect(() => {
    const again = () => redraw((n) => n + 1);
    if (store.state !== drawn) again();
    return store.subscribe(again);
  }, [store]);
}

/** The state of a store, and another drawing whenever it changes. */
export function useStore<State extends object>(store: Store<State>): State {
  useRedraw(store);
  return store.state;
}

/** What a page asked for: not there yet, there, or failed. `last` is what was there before. */
export type Remote<Value> =
  | { kind: "loading"; last?: Value }
  | { kind: "ready"; value: Value }
  | { kind: "failed"; error: ApiError; last?: Value };

export const loading = { kind: "loading" } as const;

export function valueOf<Value>(remote: Remote<Value>): Value | undefined {
  return remote.kind === "ready" ? remote.value : remote.last;
}

/** Requests by name: a new one ends the one before it, and stop() ends them all. */
export class Requests {
  private readonly running = new Map<string, AbortController>();

  /** Runs `ask`; `show` gets loading at once and the outcome later, unless it was ended before. */
  async load<Value>(name: string, before: Remote<Value>, show: (remote: Remote<Value>) => void, ask: (signal: AbortSignal) => Promise<Value>): Promise<void> {
    this.running.get(name)?.abort();
    const controller = new AbortController();
    this.running.set(name, controller);
    const last = valueOf(before);
    const kept = last === undefined ? {} : { last };
    show({ kind: "loading", ...kept });
    try {
      const value = await ask(controller.signal);
      if (!controller.signal.aborted) show({ kind: "ready", value });
    } catch (problem) {
      if (controller.signal.aborted) return;
      const error = problem instanceof ApiError ? problem : new ApiError(0, problem instanceof Error ? problem.message : String(problem));
      show({ kind: "failed", error, ...kept });
    } finally {
      if (this.running.get(name) === controller) this.running.delete(name);
    }
  }

  stop(): void {
    for (const controller of this.running.values()) controller.abort();
    this.running.clear();
  }
}

/** A store with the requests that fill it. start() runs when its page appears, stop() when it goes. */
export abstract class PageStore<State extends object> extends Store<State> {
  protected readonly requests = new Requests();
  private timer: number | undefined;

  abstract start(): void;

  stop(): void {
    this.requests.stop();
    clearInterval(this.timer);
  }

  /** Calls `again` every so often while the page can be seen. */
  protected every(seconds: number, again: () => void): void {
    clearInterval(this.timer);
    this.timer = window.setInterval(() => { if (!document.hidden) again(); }, seconds * 1000);
  }

  /** Fills one part of the state from the API; asking again ends the request before. */
  protected fetch<Name extends keyof State & string>(name: Name, ask: (signal: AbortSignal) => Promise<ValueOf<State[Name]>>): Promise<void> {
    const before = this.state[name] as Remote<ValueOf<State[Name]>>;
    return this.requests.load(name, before, (remote) => this.set({ [name]: remote } as unknown as Partial<State>), ask);
  }
}

/** What a Remote holds once it is there. */
type ValueOf<R> = Extract<R, { kind: "ready" }> extends { value: infer Value } ? Value : never;

/** The store of a page: made when `inputs` change, started while the page is shown. */
export function usePageStore<S extends PageStore<object>>(make: () => S, inputs: unknown[]): S {
  const store = useMemo(make, inputs);
  useEffect(() => {
    store.start();
    return () => store.stop();
  }, [store]);
  useRedraw(store);
  return store;
}
