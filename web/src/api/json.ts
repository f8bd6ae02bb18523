/** JSON values as the API sends them. */
export type Scalar = string | number | boolean | null;
export type Json = Scalar | Json[] | { [name: string]: Json };

/**
 * Parses JSON and keeps integers that a double cannot hold (64-bit ids, nanoseconds) as strings of
 * their digits, which the engine's own parser would round. Text without such integers costs nothing
 * extra.
 */
export function parseJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const reviver = (_name: string, value: unknown, context?: { source?: string }): unknown => {
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    const source = context?.source;
    return source !== undefined && /^-?\d+$/.test(source) ? source : value;
  };
  return JSON.parse(text, reviver as (this: unknown, key: string, value: unknown) => unknown);
}
