/**
 * Child processes that stand in for containers: start, readiness, restart with backoff, end with
 * all their descendants. Each {@link io.meltemi.embedded.process.SupervisedProcess} belongs to one
 * scheduler thread; probes run on virtual threads and report back to it.
 */
@NullMarked
package io.meltemi.embedded.process;

import org.jspecify.annotations.NullMarked;
