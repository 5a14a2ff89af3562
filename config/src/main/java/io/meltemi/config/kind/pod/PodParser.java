package io.meltemi.config.kind.pod;

import io.meltemi.config.kind.pod.Pod.Status;
import io.meltemi.config.kind.pod.PodSpec.Container;
import io.meltemi.config.kind.pod.PodSpec.ContainerPort;
import io.meltemi.config.kind.pod.PodSpec.ReadinessProbe;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.yaml.ObjectReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads Pod, and the pod part of other kinds. */
public final class PodParser {
  private static final String DEFAULT_SERVICE_ACCOUNT = "default";
  private static final PodSpec NOTHING =
      new PodSpec(List.of(), List.of(), DEFAULT_SERVICE_ACCOUNT, "", "", "", false);

  private PodParser() {}

  public static Pod parse(ObjectReader document, Metadata metadata) {
    return new Pod(
        document.object("spec", PodParser::spec).orElse(NOTHING),
        document
            .object("status", PodParser::status)
            .orElseGet(() -> new Status("", List.of(), "", false)));
  }

  /** Reads the specification of a pod. */
  public static PodSpec spec(ObjectReader reader) {
    String account = reader.string("serviceAccountName");
    if (account.isEmpty()) {
      account = reader.string("serviceAccount");
    }
    return new PodSpec(
        reader.objects("containers", PodParser::container),
        reader.objects("initContainers", PodParser::container),
        account.isEmpty() ? DEFAULT_SERVICE_ACCOUNT : account,
        reader.string("nodeName"),
        reader.string("hostname"),
        reader.string("subdomain"),
        reader.bool("hostNetwork"));
  }

  private static Container container(ObjectReader reader) {
    Map<String, String> environment = new LinkedHashMap<>();
    reader.objects(
        "env",
        entry -> {
          if (!entry.has("valueFrom")) {
            environment.put(entry.string("name"), entry.string("value"));
          }
          return entry.string("name");
        });
    return new Container(
        reader.string("name"),
        reader.string("image"),
        reader.strings("command"),
        reader.strings("args"),
        environment,
        reader.objects("ports", PodParser::port),
        reader.object("readinessProbe", PodParser::probe).flatMap(probe -> probe));
  }

  private static Optional<ReadinessProbe> probe(ObjectReader reader) {
    int period = reader.integer("periodSeconds", 1, Integer.MAX_VALUE).orElse(10);
    int threshold = reader.integer("failureThreshold", 1, Integer.MAX_VALUE).orElse(3);
    Optional<ReadinessProbe> tcp =
        reader.object(
            "tcpSocket",
            socket -> new ReadinessProbe("", socket.stringOrInteger("port"), period, threshold));
    return reader
        .object(
            "httpGet",
            get -> {
              String path = get.string("path");
              return new ReadinessProbe(
                  path.isEmpty() ? "/" : path, get.stringOrInteger("port"), period, threshold);
            })
        .or(() -> tcp);
  }

  private static ContainerPort port(ObjectReader reader) {
    String protocol = reader.string("protocol");
    reader.require("containerPort", "a port from 1 to 65535");
    return new ContainerPort(
        reader.string("name"),
        reader.integer("containerPort", 1, 65535).orElse(1),
        protocol.isEmpty() ? "TCP" : protocol);
  }

  private static Status status(ObjectReader reader) {
    List<String> ips = new ArrayList<>(reader.objects("podIPs", entry -> entry.string("ip")));
    String first = reader.string("podIP");
    if (ips.isEmpty() && !first.isEmpty()) {
      ips.add(first);
    }
    boolean ready =
        reader
            .objects(
                "conditions",
                r -> r.string("type").equals("Ready") && r.string("status").equals("True"))
            .contains(true);
    return new Status(reader.string("phase"), ips, reader.string("hostIP"), ready);
  }
}
