import { place } from "../../state/location";
import { useStore } from "../../state/store";
import { rangeOf } from "../../state/time_range";
import { groupInAddress, keyOf, narrowedBy } from "./group";
import { GroupView } from "./group_view";
import { ListView } from "./list_view";

/** All errors in groups, or the group that the address names. */
export function ErrorsPage() {
  const { query } = useStore(place);
  const range = rangeOf(query), narrowed = narrowedBy(query), group = groupInAddress(query);
  return group === undefined
    ? <ListView range={range} narrowed={narrowed} />
    : <GroupView key={keyOf(group)} group={group} range={range} narrowed={narrowed} event={query.get("event") ?? undefined} />;
}
