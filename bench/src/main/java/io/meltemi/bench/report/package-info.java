/**
 * Figures, targets and verdicts, and how they are written: a table for people, JSON for programs.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.bench.report;
