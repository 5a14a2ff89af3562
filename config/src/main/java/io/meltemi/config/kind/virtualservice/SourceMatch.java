package io.meltemi.config.kind.virtualservice;

import io.meltemi.common.labels.Labels;
import java.util.List;

/**
 * Which proxies a match is for; decided when configuration is translated, not per request.
 *
 * @param namespace empty means any
 * @param gateways empty means those of the virtual service
 */
public record SourceMatch(Labels labels, String namespace, List<String> gateways) {
  public static final SourceMatch ANY = new SourceMatch(Labels.EMPTY, "", List.of());

  public SourceMatch {
    gateways = List.copyOf(gateways);
  }
}
