import type { Segment } from "../../api/types";
import { Dialog, Empty, TableScroll } from "../../ui/parts";
import { describeSegment } from "./words";

export function SegmentDialog(props: { segment: Segment | undefined; wanted: string; close: () => void }) {
  const { segment } = props;
  return <Dialog title={`Segment ${props.wanted}`} close={props.close}>
    {segment === undefined ? <Empty title="There is no such segment">A segment that does not exist holds nobody.</Empty> : <>
      <p class="muted">Version {segment.version}. The first line that fits decides.</p>
      <TableScroll label="Who is in it"><table class="data"><thead><tr><th>Who</th><th>Is</th></tr></thead><tbody>
        {describeSegment(segment).map((line, at) => <tr key={at}><td class="wrap">{line.who}</td><td class="nowrap">{line.then}</td></tr>)}
      </tbody></table></TableScroll>
      <details class="raw"><summary>As JSON</summary><pre class="stack-trace" tabIndex={0} aria-label={`${segment.key} as JSON`}>{JSON.stringify(segment, null, 2)}</pre></details>
    </>}
  </Dialog>;
}
