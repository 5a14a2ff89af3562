package io.meltemi.config.kind.proxyconfig;

import io.meltemi.config.resource.Metadata;
import io.meltemi.config.traffic.Selectors;
import io.meltemi.config.yaml.ObjectReader;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads the ProxyConfig resource. */
public final class ProxyConfigParser {
  private ProxyConfigParser() {}

  public static ProxyConfigResource parse(ObjectReader document, Metadata metadata) {
    return document
        .object("spec", ProxyConfigParser::spec)
        .orElseGet(
            () -> new ProxyConfigResource(Optional.empty(), OptionalInt.empty(), Map.of(), ""));
  }

  private static ProxyConfigResource spec(ObjectReader reader) {
    return new ProxyConfigResource(
        Selectors.workloads(reader, "selector", "matchLabels", false),
        reader.count("concurrency"),
        reader.stringMap("environmentVariables"),
        reader.object("image", image -> image.string("imageType")).orElse(""));
  }
}
