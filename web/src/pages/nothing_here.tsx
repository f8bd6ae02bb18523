import { PageHead } from "../ui/parts";

export function NothingHere() {
  return <><PageHead title="There is nothing here" lead="The address is of no page." /><a href="/ui/migrations">Go to the migrations</a></>;
}
