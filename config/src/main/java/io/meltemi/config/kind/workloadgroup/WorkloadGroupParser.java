package io.meltemi.config.kind.workloadgroup;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.workloadentry.WorkloadEntry;
import io.meltemi.config.kind.workloadentry.WorkloadEntryParser;
import io.meltemi.config.kind.workloadgroup.WorkloadGroup.Check;
import io.meltemi.config.kind.workloadgroup.WorkloadGroup.Probe;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.traffic.Selectors;
import io.meltemi.config.yaml.ObjectReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads WorkloadGroup. */
public final class WorkloadGroupParser {
  private static final Pattern HEADER = Pattern.compile("[-_A-Za-z0-9]+");

  private WorkloadGroupParser() {}

  private record Marks(Labels labels, Map<String, String> annotations) {}

  public static WorkloadGroup parse(ObjectReader document, Metadata metadata) {
    document.require("spec", "an object with template");
    return document
        .object("spec", WorkloadGroupParser::spec)
        .orElseGet(
            () -> new WorkloadGroup(Labels.EMPTY, Map.of(), WorkloadEntry.EMPTY, Optional.empty()));
  }

  private static WorkloadGroup spec(ObjectReader reader) {
    Marks marks =
        reader
            .object(
                "metadata",
                r -> new Marks(Selectors.labels(r, "labels"), r.stringMap("annotations")))
            .orElseGet(() -> new Marks(Labels.EMPTY, Map.of()));
    reader.require("template", "an object, such as {serviceAccount: default}");
    return new WorkloadGroup(
        marks.labels(),
        marks.annotations(),
        reader.object("template", WorkloadEntryParser::parse).orElse(WorkloadEntry.EMPTY),
        reader.object("probe", WorkloadGroupParser::probe));
  }

  private static Probe probe(ObjectReader reader) {
    List<Check> checks = new ArrayList<>();
    reader.object("httpGet", WorkloadGroupParser::httpGet).ifPresent(checks::add);
    reader
        .object("tcpSocket", r -> new Check.TcpSocket(r.string("host"), port(r)))
        .ifPresent(checks::add);
    reader.object("exec", WorkloadGroupParser::exec).ifPresent(checks::add);
    reader.object("grpc", r -> new Check.Grpc(port(r), r.string("service"))).ifPresent(checks::add);
    if (checks.size() > 1) {
      reader.error("", "several checks", "one of httpGet, tcpSocket, exec and grpc");
    }
    return new Probe(
        orDefault(reader, "initialDelaySeconds", 0),
        orDefault(reader, "timeoutSeconds", 1),
        orDefault(reader, "periodSeconds", 10),
        orDefault(reader, "successThreshold", 1),
        orDefault(reader, "failureThreshold", 3),
        checks.isEmpty() ? new Check.None() : checks.getFirst());
  }

  /** Zero is what proto leaves for unset, so it means the default too. */
  private static int orDefault(ObjectReader reader, String field, int value) {
    int written = reader.count(field).orElse(0);
    return written == 0 ? value : written;
  }

  private static int port(ObjectReader reader) {
    reader.require("port", "a port from 1 to 65535");
    return reader.integer("port", 1, 65535).orElse(0);
  }

  private static Check.HttpGet httpGet(ObjectReader reader) {
    String scheme = reader.string("scheme").toUpperCase(Locale.ROOT);
    if (!scheme.isEmpty() && !scheme.equals("HTTP") && !scheme.equals("HTTPS")) {
      reader.error("scheme", '"' + scheme + '"', "HTTP or HTTPS");
    }
    return new Check.HttpGet(
        reader.string("path"),
        port(reader),
        reader.string("host"),
        scheme.isEmpty() ? "HTTP" : scheme,
        reader.objects("httpHeaders", WorkloadGroupParser::header));
  }

  private static WorkloadGroup.Header header(ObjectReader reader) {
    String name = reader.string("name");
    if (!HEADER.matcher(name).matches()) {
      reader.error("name", '"' + name + '"', "a header name of letters, digits, '-' and '_'");
    }
    return new WorkloadGroup.Header(name, reader.string("value"));
  }

  private static Check.Exec exec(ObjectReader reader) {
    List<String> command = reader.strings("command");
    if (reader.isEmpty("command")) {
      reader.error("command", "nothing", "the words of a command");
    }
    return new Check.Exec(command);
  }
}
