import { documentOf, notesPart, tablePart } from '../document/document.ts';
import type { Document, Part } from '../document/document-schema.ts';
import type { Answer, Recommendation } from '../recommend/recommendation-schema.ts';
import {
  choicesTable,
  choiceTable,
  crossingsTable,
  loadText,
  RECOMMEND_LEGEND,
} from '../tables/recommend-table.ts';
import { counted } from '../util/units.ts';

/** Which model for which load: the answer to the case that was asked for, or all that the runs tell. */
export function recommendReport(recommendation: Recommendation): Document {
  const { answer } = recommendation;
  const common = { facts: factsOf(recommendation) };
  if (answer !== null)
    return documentOf({
      ...common,
      title: `For ${loadText(answer.asked)}`,
      parts: [
        notesPart([answerText(answer)]),
        ...answer.choices.map((choice) => tablePart(choiceTable(choice))),
        ...answerNotes(answer),
        legend(),
      ],
    });
  return documentOf({
    ...common,
    title: 'Recommendations',
    parts: [
      notesPart([overallText(recommendation)]),
      tablePart(choicesTable(recommendation.choices)),
      ...recommendation.axes.map((axis) => tablePart(crossingsTable(axis, recommendation.crossings))),
      ...changesParts(recommendation.changes),
      legend(),
    ],
  });
}

function factsOf({ runs, costsId }: Recommendation): string[] {
  const kinds = runs.map(({ runId, kind }) => `${kind ?? 'run'} ${runId}`);
  const kernel = [...new Set(runs.map((run) => run.kernel))].join(', ');
  return [
    `Linux ${kernel} · ${counted(runs.length, 'run')}: ${kinds.join(', ')}${costsId === null ? '' : ` · costs ${costsId}`}`,
  ];
}

function legend(): Part {
  return notesPart(RECOMMEND_LEGEND);
}

function changesParts(changes: Recommendation['changes']): Part[] {
  if (changes.length === 0) return [];
  return [notesPart(['What would change the answer:', ...changes.map(({ text }) => `- ${text}`)])];
}

function answerNotes(answer: Answer): Part[] {
  const ruledOut = answer.ruledOut.map(({ label, reason }) => `${label}: ${reason}`);
  return [
    ...(ruledOut.length === 0
      ? []
      : [notesPart(['Not among them:', ...ruledOut.map((line) => `- ${line}`)])]),
    ...changesParts(answer.changes),
  ];
}

/** The answer to a case, in a sentence, with what it rests on. */
export function answerText(answer: Answer): string {
  const { outcome, among, plainest, choices, beyond, measure } = answer;
  const cells = choices.map(({ workload }) => workload.id);
  const how = measure === null ? '' : ` Measure it: ${measure}`;
  const basis =
    answer.basis === 'measured'
      ? `measured in ${cells[0]}`
      : `measured below in ${cells[0]} and above in ${cells[1]}; the case itself was not measured, and what lies between is taken to lie between.${how}`;
  switch (outcome) {
    case 'one':
      return `Take ${among[0]}: ${basis}`;
    case 'several':
      return `No difference that these runs can show: ${among.join(', ')}${plainest === null ? '' : `; of these the oldest interface is ${plainest}`}: ${basis}`;
    case 'changes':
      return `The answer changes in between: ${choices.map((choice) => `${choice.among.join(', ')} under ${choice.workload.id}`).join('; ')}.${how}`;
    case 'undecided':
      return `Undecided: too few blocks, or no other row, in ${cells.join(' and ')}.${how}`;
    case 'beyond':
      return `Nothing measured encloses this case. The nearest is ${cells[0]}, where it is ${choices[0]?.among.join(', ') ?? 'nothing'}; that it holds here as well is a guess (${beyond.join('; ')}).${how}`;
    case 'nothing':
      return `Nothing of this kind of load was measured.${how}`;
  }
}

function overallText({ choices }: Recommendation): string {
  const decided = choices.filter(({ outcome }) => outcome === 'one' || outcome === 'several');
  const wins = new Map<string, number>();
  for (const { among } of decided) for (const label of among) wins.set(label, (wins.get(label) ?? 0) + 1);
  const [first] = [...wins].sort((a, b) => b[1] - a[1]);
  if (first === undefined) return 'Nothing is decided: too few blocks, or one row alone';
  return `${first[0]} is among the cheapest under ${first[1]} of ${counted(decided.length, 'load')}; ask for yours with --for 'connections=5000,active=1%,message=64'`;
}
