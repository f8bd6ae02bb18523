import { Empty, PageHead } from "../../ui/parts";

export function FlagsPage() {
  return <><PageHead title="Flags" lead="What decides which request gets which mode." /><Empty title="No flags yet" /></>;
}

export function FlagPage(props: { flag: string }) {
  return <><PageHead title={props.flag} /><Empty title="This page is not there yet" /></>;
}
