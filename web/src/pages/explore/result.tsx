import { Empty, PageHead } from "../../ui/parts";

export function ResultPage(props: { id: string }) {
  return <><PageHead title="Result" lead={props.id} /><Empty title="This page is not there yet" /></>;
}
