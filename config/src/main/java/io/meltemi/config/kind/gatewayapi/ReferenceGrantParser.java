package io.meltemi.config.kind.gatewayapi;

import io.meltemi.config.kind.gatewayapi.ReferenceGrant.From;
import io.meltemi.config.kind.gatewayapi.ReferenceGrant.To;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.yaml.ObjectReader;
import java.util.List;

/** Reads ReferenceGrant. */
public final class ReferenceGrantParser {
  private ReferenceGrantParser() {}

  public static ReferenceGrant parse(ObjectReader document, Metadata metadata) {
    document.require("spec", "an object with from and to");
    return document
        .object("spec", ReferenceGrantParser::spec)
        .orElseGet(() -> new ReferenceGrant(List.of(), List.of()));
  }

  private static ReferenceGrant spec(ObjectReader spec) {
    Fields.require(spec, "from", "who may refer");
    Fields.require(spec, "to", "what may be referred to");
    List<From> from = spec.objects("from", ReferenceGrantParser::from);
    List<To> to = spec.objects("to", ReferenceGrantParser::to);
    Fields.size(spec, "from", 1, 16);
    Fields.size(spec, "to", 1, 16);
    return new ReferenceGrant(from, to);
  }

  private static From from(ObjectReader reader) {
    groupAndKind(reader);
    Fields.require(reader, "namespace", "the name of a namespace");
    return new From(
        Fields.group(reader, "group").orElse(""),
        Fields.kind(reader, "kind").orElse(""),
        Fields.namespace(reader).orElse(""));
  }

  private static To to(ObjectReader reader) {
    groupAndKind(reader);
    return new To(
        Fields.group(reader, "group").orElse(""),
        Fields.kind(reader, "kind").orElse(""),
        Fields.text(reader, "name", 1, 253));
  }

  private static void groupAndKind(ObjectReader reader) {
    Fields.require(reader, "group", "an API group, \"\" for the core");
    Fields.require(reader, "kind", "a kind");
  }
}
