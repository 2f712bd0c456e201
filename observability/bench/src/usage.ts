/** `npm run bench -- --help` */
export const USAGE = `npm run bench -- [pipeline] [--mix portrait-1:6,group-4:3] [--rounds N] [--seconds N] [--no-load] [--processes] [--replicas N] [--json FILE]
                profile [--mix ...] [--seconds N] [--processes] [--json FILE]
                human [--mix ...] [--rounds N] [--seconds N] [--json FILE]
                grows [--only clients,faces,megapixels,gallery] [--sizes 1,10,...] [--mix ...] [--seconds N] [--json FILE]
                http | tracing [--mix ...] [--rounds N] [--seconds N] [--json FILE]
                soak [--photos N] [--processes] [--json FILE]
                start [--starts N] [--json FILE]
                crowd [--photos N] [--pairs N] [--json FILE]
                page [--rounds N] [--json FILE]
                faults [--only floods,kills,broker,rude,disk] [--seed N] [--jobs N] [--clients N] [--json FILE]
                floods [--factors 2,10,50] [--mix ...] [--seconds N] [--json FILE]
                resolution [--seed N] [--json FILE]
                gallery [--driver elasticsearch] [--sizes 1000,10000] [--photos N] [--from DIR]... [--json FILE]

  pipeline   the mesh against a bare loop that runs the same models on the same photos in as many workers (the default), and
             what it costs beside it: processor time per photo of services and broker, less the bare loop's
  profile    where the processor time of a photo goes: every process sampled over one round, beside the bare loop
  human      the mesh and vladmandic/human in turns on the same photos; npm brings it into ~/.cache/similarfaces
  grows      what a photo costs with more clients, faces, megapixels, and a search in a larger gallery; the exponents of each
  http       the gateway's two HTTP drivers
  tracing    what it costs to record 1 % of the traces, and all of them, beside a control that costs nothing
  soak       many photos, and whether the memory of each process stays what it is
  start      npm start of a built tree: until it is ready, and until a photo that is sent then has its answers
  crowd      a photo of 48 megapixels with 108 people beside the bare loop, and two such at once
  page       a photo of 64 faces, watched by curl alone and by the page in a Chromium (CHROMIUM) alone, in turns: until the last answer
  faults     photos while there are far too many, processes are killed, the broker is away, clients are rude, the disk is full:
             what is lost, shown twice or expired, and how soon work goes on. The exit code says whether all is as promised
  floods     more photos than the mesh can do: what is accepted, refused, and done in time, beside a closed loop
  resolution faces of 12 to 300 pixels in photos of 0.3 to 48 megapixels: which are found, which twice, and what else is
  gallery    searching among synthetic people in growing number, and an import of photos

  --mix      photos of models/samples/photos and how often each comes
  --rounds   of each measurement, whose median counts (default 5; of tracing 8)
  --seconds  of each round (default 8; of human 10, of grows 6, of profile 15, of tracing 5 for each mesh, of each flood 60)
  --factors  of the floods: what is offered, in what a closed loop gets done (default 2,10,50)
  --no-load  without open-loop arrivals at 25, 50, 75 and 90 % of capacity
  --driver   of the gallery: nats (the default) or elasticsearch (ELASTICSEARCH_URL, or one started for this;
             ELASTICSEARCH_INDEX_KIND)
  --sizes    faces in the gallery (default 1000,10000,100000; of grows 1 to 1,000,000 in tens)
  --photos   of the import, 0 for none (default 2000); of the soak (default 20000); of crowd (default 20)
  --pairs    of crowd (default 50)
  --processes  of pipeline, profile and soak: every service as a process of its own
  --replicas of pipeline: of each stage so many processes (default 1)
  --starts   of start, whose median counts (default 10)
  --from     a folder of photos to repeat under other names (default: the repository's samples)
  --only     of faults: some of its kinds; of grows: some of what grows
  --seed     of faults: what is killed when; of resolution: where the faces are (default 1)
  --jobs     of faults: photos of each trial with kills (default 500)
  --clients  of faults: rude ones at once (default 500)
  --json     also writes the figures to a file (not of http)`;
