import { Empty, PageHead } from "../../ui/parts";

export function BoardsPage() {
  return <><PageHead title="Boards" lead="Saved questions, text and criteria on one page, for everybody who looks." /><Empty title="No boards yet" /></>;
}

export function BoardPage(props: { id: string }) {
  return <><PageHead title={`Board ${props.id}`} /><Empty title="Nothing on this board yet" /></>;
}
