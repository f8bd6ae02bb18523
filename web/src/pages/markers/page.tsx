import { Empty, PageHead } from "../../ui/parts";

export function MarkersPage() {
  return <><PageHead title="Markers" lead="The moments that every chart shows: changes of flags, deploys, verdicts." /><Empty title="No markers yet" /></>;
}
