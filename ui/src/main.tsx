import { render } from "solid-js/web";
import { App } from "./App";
import "./tokens.css";
import "./base.css";

render(() => <App />, document.getElementById("page")!);
