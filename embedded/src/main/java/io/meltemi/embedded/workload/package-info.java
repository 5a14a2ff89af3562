/**
 * What should run: deployments, services and gateways become a list of pods. Pure functions over
 * immutable records; any thread.
 */
@NullMarked
package io.meltemi.embedded.workload;

import org.jspecify.annotations.NullMarked;
