/**
 * Envoy's bootstrap: YAML or JSON text to the bootstrap message, every problem with its line. Runs
 * once at start on the starting thread. See <a
 * href="https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/bootstrap/v3/bootstrap.proto">config.bootstrap.v3.Bootstrap</a>.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.bootstrap;
