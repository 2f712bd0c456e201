import { Show, createSignal } from "solid-js";
import { getIdentity } from "../api/gallery";
import { Notice } from "../components/Notice";
import { navigate, query } from "../router";
import { AddForm } from "./AddForm";
import { createLoaded } from "./createLoaded";

/** A person from photos or from a face of a finished job (`?job=&face=`), or more faces of one who is there (`?identity=`). */
export function AddPerson() {
  const [turn, setTurn] = createSignal(1);
  const again = () => {
    navigate("/gallery/add");
    setTurn((before) => before + 1);
  };
  return (
    <Show when={`${turn()} ${query()}`} keyed>
      {(_place) => <Addition onAgain={again} />}
    </Show>
  );
}

/** One addition, by the address as it is now. */
function Addition(props: { onAgain: () => void }) {
  const jobId = query().get("job") ?? undefined;
  const face = Number(query().get("face") ?? 0);
  const identityId = query().get("identity");
  if (identityId)
    return <AddToPerson identityId={identityId} jobId={jobId} face={face} onAgain={props.onAgain} />;
  return <AddForm jobId={jobId} face={face} person={undefined} onAgain={props.onAgain} />;
}

interface AddToPersonProps {
  identityId: string;
  jobId: string | undefined;
  face: number;
  onAgain: () => void;
}

function AddToPerson(props: AddToPersonProps) {
  const person = createLoaded(() => props.identityId, getIdentity);
  return (
    <Show
      when={person.value()}
      keyed
      fallback={
        <Show when={person.failure()} keyed>
          {(why) => (
            <Notice kind="bad" title="Can't show this person.">
              {why.message}
            </Notice>
          )}
        </Show>
      }
    >
      {(known) => <AddForm jobId={props.jobId} face={props.face} person={known} onAgain={props.onAgain} />}
    </Show>
  );
}
