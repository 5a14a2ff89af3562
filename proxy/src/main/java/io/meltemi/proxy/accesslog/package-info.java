/**
 * What access logs that are sent to a service share: the batches that wait on each event loop, and
 * the settings of the connection. Configuration is parsed on configuration threads. See <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/overview">access
 * logs</a>.
 */
@NullMarked
package io.meltemi.proxy.accesslog;

import org.jspecify.annotations.NullMarked;
