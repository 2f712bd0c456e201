import { StageFailure } from "@similarfaces/contracts";

/** Somebody in the gallery has the name: the answer has them beside the failure. */
export class IdentityExists extends StageFailure {
  readonly identity: { id: string; name: string };

  constructor({ id, name }: { id: string; name: string }) {
    super(
      "identity_exists",
      `"${name}" is in the gallery already: send addTo with the identity's id, or new: true.`,
    );
    this.identity = { id, name };
  }
}
