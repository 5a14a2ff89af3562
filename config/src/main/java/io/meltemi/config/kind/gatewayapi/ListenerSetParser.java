package io.meltemi.config.kind.gatewayapi;

import io.meltemi.config.resource.Metadata;
import io.meltemi.config.yaml.ObjectReader;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads ListenerSet. */
public final class ListenerSetParser {
  private static final ParentRef NO_PARENT =
      new ParentRef(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          "",
          Optional.empty(),
          OptionalInt.empty());

  private ListenerSetParser() {}

  public static ListenerSet parse(ObjectReader document, Metadata metadata) {
    document.require("spec", "an object with parentRef and listeners");
    return document
        .object("spec", ListenerSetParser::spec)
        .orElseGet(() -> new ListenerSet(NO_PARENT, List.of()));
  }

  private static ListenerSet spec(ObjectReader spec) {
    Fields.require(spec, "parentRef", "the gateway to add listeners to");
    return new ListenerSet(
        spec.object(
                "parentRef",
                reader ->
                    new ParentRef(
                        Fields.group(reader, "group"),
                        Fields.kind(reader, "kind"),
                        Fields.namespace(reader),
                        Fields.objectName(reader),
                        Optional.empty(),
                        OptionalInt.empty()))
            .orElse(NO_PARENT),
        ListenerParser.parseAll(spec));
  }
}
