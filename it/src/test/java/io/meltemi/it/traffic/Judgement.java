package io.meltemi.it.traffic;

import io.meltemi.common.validation.Violation;
import io.meltemi.config.Kinds;
import io.meltemi.config.resource.Decoded;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.yaml.YamlLimits;
import io.meltemi.config.yaml.YamlReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What the control plane says of documents when it reads them. */
final class Judgement {
  private Judgement() {}

  /**
   * Reads documents.
   *
   * @param verdict {@code accepted}, {@code warned} or {@code refused}: what each must come to
   * @param says texts or matchers of what is said of each
   * @param file how messages call the text
   */
  static void check(String verdict, String yaml, List<Object> says, String file) {
    ResourceDecoder decoder = new ResourceDecoder(Kinds.ALL);
    for (YamlReader.Document document :
        YamlReader.read(yaml, file, YamlLimits.DEFAULT).documents()) {
      for (Decoded decoded : decoder.decode(document)) {
        List<Violation> violations = new ArrayList<>();
        String found =
            switch (decoded) {
              case Decoded.Accepted accepted -> {
                violations.addAll(accepted.warnings());
                yield accepted.warnings().isEmpty() ? "accepted" : "warned";
              }
              case Decoded.Rejected rejected -> {
                violations.addAll(rejected.errors());
                yield "refused";
              }
              case Decoded.Unreadable unreadable -> {
                violations.addAll(unreadable.errors());
                yield "refused";
              }
              case Decoded.UnknownKind unknown -> {
                violations.add(unknown.warning());
                yield "unknown";
              }
            };
        String said = violations.toString();
        if (!found.equals(verdict)) {
          throw new AssertionError(
              "wanted " + verdict + ", was " + found + ": " + said + "\n" + yaml);
        }
        for (Object each : says) {
          String reason = Expectation.why(each instanceof Map ? each : Map.of("re", each), said);
          if (!reason.isEmpty()) {
            throw new AssertionError(reason);
          }
        }
      }
    }
  }
}
