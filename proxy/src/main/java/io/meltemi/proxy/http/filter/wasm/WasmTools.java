package io.meltemi.proxy.http.filter.wasm;

import io.envoyproxy.envoy.config.core.v3.Node;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.Gauge;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.proxy.upstream.UpstreamClient;

/**
 * What the machines of one plugin use of their proxy.
 *
 * @param custom where statistics of modules stand
 */
record WasmTools(
    WasmFilterFactory.Host host,
    CallClock clock,
    SharedState shared,
    Numbers numbers,
    StatScope custom) {

  /**
   * @param created machines so far
   * @param active machines now
   */
  record Numbers(Counter created, Gauge active) {}

  UpstreamClient client() {
    return host.client();
  }

  boolean hasCluster(String name) {
    return host.clusters().get(name) != null;
  }

  Node node() {
    return host.node();
  }

  Ticker ticker() {
    return host.ticker();
  }

  Counter created() {
    return numbers.created();
  }

  Gauge active() {
    return numbers.active();
  }
}
