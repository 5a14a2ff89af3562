package io.meltemi.config.kind.proxyconfig;

import io.meltemi.common.labels.Labels;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * Settings for the proxies of a namespace (kind {@code ProxyConfig}).
 *
 * @param selector unset means every workload of the namespace
 * @param concurrency 0 means all cores
 * @param environmentVariables sorted by name
 * @param imageType empty when not set
 * @see <a
 *     href="https://istio.io/latest/docs/reference/config/networking/proxy-config/">ProxyConfig</a>
 */
public record ProxyConfigResource(
    Optional<Labels> selector,
    OptionalInt concurrency,
    Map<String, String> environmentVariables,
    String imageType) {
  public ProxyConfigResource {
    environmentVariables = Collections.unmodifiableMap(new TreeMap<>(environmentVariables));
  }
}
