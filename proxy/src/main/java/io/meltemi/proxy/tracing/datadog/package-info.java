/**
 * Spans to a Datadog agent ({@code trace.v3.DatadogConfig}), by version 0.4 of its API. Runs on
 * event loops; configuration is parsed on configuration threads. See <a
 * href="https://docs.datadoghq.com/tracing/guide/send_traces_to_agent_by_api/">the agent's API</a>.
 */
@NullMarked
package io.meltemi.proxy.tracing.datadog;

import org.jspecify.annotations.NullMarked;
