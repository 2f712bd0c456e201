import { For } from "solid-js";
import type { Confusion, TableFigure } from "./figures";

/** Figures by name and column; `of` says whose, for who hears the page's landmarks. */
export function FigureTable(props: { table: TableFigure; of: string }) {
  return (
    <section>
      <h4>{props.table.title}</h4>
      <div class="scroller" tabindex="0" role="region" aria-label={`${props.table.title}: ${props.of}`}>
        <table class="figure-table">
          <thead>
            <tr>
              <td />
              <For each={props.table.columns}>{(column) => <th scope="col">{column}</th>}</For>
            </tr>
          </thead>
          <tbody>
            <For each={props.table.rows}>
              {({ name, cells }) => (
                <tr>
                  <th scope="row">{name}</th>
                  <For each={cells}>{(cell) => <td>{cell}</td>}</For>
                </tr>
              )}
            </For>
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Rows are people's labels, columns the model's; a cell's shade is its share of the row. */
export function ConfusionTable(props: { confusion: Confusion; of: string }) {
  const { labels, counts } = props.confusion;
  const title = "What was taken for what, in percent of a row";
  return (
    <section>
      <h4>{title}</h4>
      <div class="scroller" tabindex="0" role="region" aria-label={`${title}: ${props.of}`}>
        <table class="figure-table confusion">
          <thead>
            <tr>
              <td class="small quiet">labelled ↓ model said →</td>
              <For each={labels}>{(label) => <th scope="col">{label}</th>}</For>
            </tr>
          </thead>
          <tbody>
            <For each={counts}>
              {(row, index) => {
                const total = row.reduce((sum, count) => sum + count, 0);
                return (
                  <tr>
                    <th scope="row">{labels[index()]}</th>
                    <For each={row}>
                      {(count) => (
                        <td style={{ "--share": count / total }}>{Math.round((count / total) * 100)}</td>
                      )}
                    </For>
                  </tr>
                );
              }}
            </For>
          </tbody>
        </table>
      </div>
    </section>
  );
}
