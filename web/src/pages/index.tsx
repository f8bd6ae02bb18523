// Which page an address shows. A new page is one line in `pageFor` and, when it is in the bar, one in
// `sections`.
import type { ComponentChild } from "preact";
import { type Place, paths } from "../state/location";
import { BoardPage, BoardsPage } from "./boards/page";
import { DifferencesPage } from "./differences/page";
import { ErrorsPage } from "./errors/page";
import { ExplorePage } from "./explore/page";
import { FlagPage, FlagsPage } from "./flags/page";
import { MarkersPage } from "./markers/page";
import { MigrationsPage } from "./migration/list";
import { MigrationPage } from "./migration/page";
import { NothingHere } from "./nothing_here";
import { ResultPage } from "./explore/result";
import { TracePage } from "./trace/page";

export interface Page {
  section: string;
  title: string;
  /** Pages of one key share their store: what changes is the query of the address. */
  key: string;
  draw: () => ComponentChild;
}

export const sections: readonly { name: string; title: string; href: (migration: string | undefined) => string }[] = [
  { name: "migrations", title: "Migration", href: (name) => (name === undefined ? paths.migrations() : paths.migration(name)) },
  { name: "differences", title: "Differences", href: (name) => (name === undefined ? "/ui/differences" : paths.differences(name)) },
  { name: "explore", title: "Explore", href: () => paths.explore("evaluations") },
  { name: "errors", title: "Errors", href: paths.errors },
  { name: "boards", title: "Boards", href: paths.boards },
  { name: "markers", title: "Markers", href: paths.markers },
  { name: "flags", title: "Flags", href: paths.flags },
];

export function pageFor(here: Place): Page {
  const [first = "migrations", second] = here.path;
  const page = (section: string, title: string, draw: () => ComponentChild): Page => ({ section, title, key: here.path.join("/"), draw });
  switch (first) {
    case "migrations":
      return second === undefined
        ? page("migrations", "Migrations", () => <MigrationsPage then={paths.migration} />)
        : page("migrations", second, () => <MigrationPage name={second} />);
    case "differences":
      return second === undefined
        ? page("differences", "Differences", () => <MigrationsPage then={paths.differences} />)
        : page("differences", `Differences of ${second}`, () => <DifferencesPage migration={second} />);
    case "explore": return page("explore", `Explore ${second ?? "evaluations"}`, () => <ExplorePage dataset={second ?? "evaluations"} />);
    case "result": if (second !== undefined) return page("explore", "Result", () => <ResultPage id={second} />); break;
    case "trace": if (second !== undefined) return page("explore", "Trace", () => <TracePage id={second} />); break;
    case "errors": return page("errors", "Errors", () => <ErrorsPage />);
    case "boards": return second === undefined ? page("boards", "Boards", () => <BoardsPage />) : page("boards", "Board", () => <BoardPage id={second} />);
    case "flags": return second === undefined ? page("flags", "Flags", () => <FlagsPage />) : page("flags", second, () => <FlagPage flag={second} />);
    case "markers": return page("markers", "Markers", () => <MarkersPage />);
  }
  return page("", "Nothing here", () => <NothingHere />);
}
