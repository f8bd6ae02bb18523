import type { Row } from "../api/types";
import { scalar, unitOf } from "../format";
import { isMode } from "../modes";
import { ModeName } from "./parts";

/** Every field of an event that has a value, but those that are shown elsewhere. */
export function EventFields(props: { fields: Row; without?: readonly string[] }) {
  const names = Object.keys(props.fields).filter((name) => props.fields[name] !== null && !props.without?.includes(name)).sort();
  return <dl class="event-fields">{names.map((name) => {
    const value = props.fields[name] ?? null;
    return <div key={name}><dt class="mono">{name}</dt><dd class="wrap" title={String(value)}>{isMode(value) ? <ModeName mode={value} /> : typeof value === "number" ? scalar(value, unitOf(name)) : String(value)}</dd></div>;
  })}</dl>;
}
