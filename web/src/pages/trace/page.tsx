import { Empty, PageHead } from "../../ui/parts";

export function TracePage(props: { id: string }) {
  return <><PageHead title="Trace" lead={props.id} /><Empty title="This page is not there yet" /></>;
}
