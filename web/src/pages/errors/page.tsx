import { Empty, PageHead } from "../../ui/parts";

export function ErrorsPage() {
  return <><PageHead title="Errors" lead="What went wrong, grouped by what and where." /><Empty title="No errors yet" /></>;
}
