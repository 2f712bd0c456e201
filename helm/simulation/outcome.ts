export interface Sample {
  atMs: number;
  arrivedPerSecond: number;
  answeredPerSecond: number;
  waiting: number;
  readyReplicas: number;
}

export interface Outcome {
  arrived: number;
  answered: number;
  /** Answered more than once: handed back after the handler had ended. Always 0 unless the grace is too short. */
  repeated: number;
  /** Past their deadline before a replica took them. */
  expired: number;
  /** Handed back by a replica that left. */
  handedBack: number;
  left: number;
  /** By arrival, milliseconds from stored to taken into work. */
  waits: { arrivedAtMs: number; waitMs: number }[];
  /** When each replica that was not there at first began its first message, and became ready. */
  firsts: { readyAtMs: number; firstAtMs: number }[];
  samples: Sample[];
  replicaSeconds: number;
  decisions: { atMs: number; from: number; to: number }[];
}

/** Of a run that has not begun. */
export function emptyOutcome(): Outcome {
  return {
    arrived: 0,
    answered: 0,
    repeated: 0,
    expired: 0,
    handedBack: 0,
    left: 0,
    waits: [],
    firsts: [],
    samples: [],
    replicaSeconds: 0,
    decisions: [],
  };
}
