// The five evaluation modes: their order, colour and words, the same on every page.
import type { Mix, Mode } from "./api/types";

export interface ModeWords { mode: Mode; answer: string; candidate: string; dash?: number[] }

export const modes: readonly ModeWords[] = [
  { mode: "control_only", answer: "get control's answer", candidate: "the candidate is not called" },
  { mode: "fire_and_forget", answer: "get control's answer", candidate: "the candidate is called and its answer is dropped", dash: [2, 3] },
  { mode: "full_evaluation", answer: "get control's answer", candidate: "the candidate is called and both answers are compared" },
  { mode: "candidate_only", answer: "get the candidate's answer", candidate: "control is not called", dash: [9, 3] },
  { mode: "reverse_evaluation", answer: "get the candidate's answer", candidate: "control is called as the shadow and both answers are compared", dash: [6, 3, 2, 3] },
];

export const modeNames = modes.map((one) => one.mode);

export function isMode(text: unknown): text is Mode { return modeNames.includes(text as Mode); }

export function modeColor(mode: Mode): string { return `var(--mode-${mode})`; }

/** The share, in per cent, of requests that get the candidate's answer, and that call it. */
export function effect(mix: Mix): { candidateAnswers: number; candidateCalled: number; controlCalled: number; compared: number } {
  return {
    candidateAnswers: mix.candidate_only + mix.reverse_evaluation,
    candidateCalled: 100 - mix.control_only,
    controlCalled: 100 - mix.candidate_only,
    compared: mix.full_evaluation + mix.reverse_evaluation,
  };
}

export const emptyMix: Mix = { control_only: 0, fire_and_forget: 0, full_evaluation: 0, candidate_only: 0, reverse_evaluation: 0 };
