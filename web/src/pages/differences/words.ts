// What the explanations of docs/comparison.md mean, for who has not read it.
const explanations: Record<string, string> = {
  float_ulp: "The numbers are the same but for their last digits: the two services add up in another order or with another library. Usually it means nothing.",
  float_rounding: "One side gives fewer digits than the other.",
  float_single: "One side computes in single precision.",
  integer_as_double: "One side keeps large integers as floating point, which cannot hold all of them.",
  number_representation: "The same number, written as an integer on one side and with a point on the other.",
  negative_zero: "0 on one side, -0 on the other.",
  nan_null: "Not a number on one side, null on the other.",
  time_unit: "The same moment in another unit, for example milliseconds against microseconds. Readers of the answer will take it for another time: usually it has to be mended.",
  iso_epoch: "The same moment as text on one side and as a number on the other.",
  time_precision: "The same moment with fewer digits on one side.",
  time_zone: "The same time of day in another zone. If the zone was lost, it is another moment.",
  number_as_string: "A number on one side, the same digits as text on the other.",
  bool_as_string: "true or false as text on one side.",
  bool_as_number: "true or false as 1 or 0 on one side.",
  null_missing: "null on one side, left out on the other.",
  row_order: "The same items in another order.",
  white_space: "Only white space differs.",
  case: "Only upper and lower case differ.",
  unicode_form: "The same letters, composed differently.",
  truncation: "One side is cut off.",
  none: "No known cause explains it. Look at the examples: this is what deserves attention first.",
};

export function explanationWords(name: string): string { return explanations[name] ?? name.replaceAll("_", " "); }
export function explanationTitle(name: string): string { return name === "none" ? "unexplained" : name.replaceAll("_", " "); }

const dimensions: Record<string, string> = {
  row_count: "number of rows", column_count: "number of columns", column_type: "type of a column", cell: "a cell of a table", missing: "missing at the candidate", extra: "only at the candidate",
  type: "type of a value", value: "a value", order: "order", status: "status code", header: "a header", unparsed: "cannot be read",
};
export function dimensionWords(name: string): string { return dimensions[name] ?? name; }

/** Where two texts differ: what they begin and end with together stays unmarked. */
export function parts(one: string, other: string): { before: string; one: string; other: string; after: string } {
  const most = Math.min(one.length, other.length);
  let start = 0;
  while (start < most && one[start] === other[start]) ++start;
  let end = 0;
  while (end < most - start && one[one.length - 1 - end] === other[other.length - 1 - end]) ++end;
  return { before: one.slice(0, start), one: one.slice(start, one.length - end), other: other.slice(start, other.length - end), after: one.slice(one.length - end) };
}
