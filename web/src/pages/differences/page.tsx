import { Empty, PageHead } from "../../ui/parts";

export function DifferencesPage(props: { migration: string }) {
  return <><PageHead title={`Differences of ${props.migration}`} /><Empty title="No differences" /></>;
}
