import { render } from "preact";
import { App } from "./app";
import { followLinks } from "./state/location";
import "./styles/index.css";

followLinks();
const root = document.getElementById("app");
if (root) render(<App />, root);
