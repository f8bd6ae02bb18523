import { Empty, PageHead } from "../../ui/parts";

export function ExplorePage(props: { dataset: string }) {
  return <><PageHead title={`Explore ${props.dataset}`} /><Empty title="Nothing asked yet" /></>;
}
