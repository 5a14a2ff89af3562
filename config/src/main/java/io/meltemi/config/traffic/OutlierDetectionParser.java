package io.meltemi.config.traffic;

import io.meltemi.config.traffic.OutlierDetection.LocalOrigin;
import io.meltemi.config.yaml.ObjectReader;
import java.util.OptionalLong;

/** Reads {@code OutlierDetection}. */
public final class OutlierDetectionParser {
  private OutlierDetectionParser() {}

  public static OutlierDetection parse(ObjectReader reader) {
    if (reader.integer("consecutiveErrors", Integer.MIN_VALUE, Integer.MAX_VALUE).isPresent()) {
      reader.warn(
          "consecutiveErrors",
          reader.written("consecutiveErrors"),
          "consecutive5xxErrors or consecutiveGatewayErrors; this deprecated field is ignored");
    }
    boolean split = reader.bool("splitExternalLocalOriginErrors");
    OptionalLong localOrigin = reader.unsigned("consecutiveLocalOriginFailures");
    if (localOrigin.orElse(0) > 0 && !split) {
      reader.error(
          "consecutiveLocalOriginFailures",
          reader.written("consecutiveLocalOriginFailures"),
          "splitExternalLocalOriginErrors: true beside it");
    }
    return new OutlierDetection(
        reader.unsigned("consecutive5xxErrors"),
        reader.unsigned("consecutiveGatewayErrors"),
        new LocalOrigin(split, localOrigin),
        reader.durationMillis("interval"),
        reader.durationMillis("baseEjectionTime"),
        reader.integer("maxEjectionPercent", 0, 100),
        reader.integer("minHealthPercent", 0, 100),
        reader.integers("outlierDetectionHttpErrorCodes", 100, 599));
  }
}
