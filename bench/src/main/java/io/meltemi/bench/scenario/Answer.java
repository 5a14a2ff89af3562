package io.meltemi.bench.scenario;

import io.meltemi.bench.load.Target;
import io.meltemi.bench.process.Tool;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * An answer as a caller sees it: what all peers must agree on before they are measured.
 *
 * @param status the number
 * @param headers lower-case names to values; trailers too, whose names begin with {@code trailer }
 * @param bodyHash of the body's bytes
 * @param bodyBytes its length
 */
record Answer(int status, TreeMap<String, String> headers, int bodyHash, int bodyBytes) {
  /** What a proxy may add or change as it likes. */
  private static final Set<String> FREE =
      Set.of("date", "server", "x-envoy-upstream-service-time", "connection", "keep-alive", "via");

  private static final String TRAILER = "trailer ";
  private static final String GRPC = "grpc-status";
  private static final List<String> BACKENDS =
      List.of("content-type", "content-length", TRAILER + GRPC);

  /** Asks with {@code curl}, which writes heads and trailers to a file of that name. */
  static Answer of(Target target, Optional<String> body, Path heads)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(Tool.CURL.require().toString(), "-s", "-S", "-k", "--max-time", "20"));
    command.addAll(List.of("-D", heads.toString()));
    command.add(
        !target.http2()
            ? "--http1.1"
            : target.scheme().equals("https") ? "--http2" : "--http2-prior-knowledge");
    target.headers().forEach(header -> command.addAll(List.of("-H", header)));
    body.ifPresent(file -> command.addAll(List.of("--data-binary", "@" + file)));
    command.add(target.url());
    Process curl = new ProcessBuilder(command).redirectErrorStream(true).start();
    byte[] output = curl.getInputStream().readAllBytes();
    if (curl.waitFor() != 0) {
      throw new PeerException(
          "curl " + target.url() + ": " + new String(output, StandardCharsets.UTF_8).strip());
    }
    return parse(Files.readString(heads, StandardCharsets.ISO_8859_1), output);
  }

  /** Reads a head, with trailers after its empty line. */
  static Answer parse(String text, byte[] body) throws PeerException {
    int head = text.indexOf("\r\n\r\n");
    String[] lines = head < 0 ? new String[] {""} : text.substring(0, head).split("\r\n");
    if (!lines[0].matches("HTTP/[0-9.]+ \\d{3}.*")) {
      throw new PeerException("no HTTP answer: " + text.lines().findFirst().orElse(""));
    }
    TreeMap<String, String> headers = new TreeMap<>();
    add("", Arrays.asList(lines).subList(1, lines.length), headers);
    add(TRAILER, text.substring(head).lines().filter(line -> !line.isEmpty()).toList(), headers);
    return new Answer(
        Integer.parseInt(lines[0].split(" ")[1]), headers, Arrays.hashCode(body), body.length);
  }

  private static void add(String prefix, List<String> lines, TreeMap<String, String> headers) {
    for (String line : lines) {
      int colon = line.indexOf(':');
      headers.merge(
          prefix + line.substring(0, Math.max(0, colon)).toLowerCase(Locale.ROOT),
          line.substring(colon + 1).strip(),
          (a, b) -> a + "," + b);
    }
  }

  /** Why it is no success; empty when it is one. */
  Optional<String> trouble() {
    String grpc = headers.getOrDefault(TRAILER + GRPC, headers.getOrDefault(GRPC, "0"));
    return status != 200
        ? Optional.of("answers " + status)
        : grpc.equals("0") ? Optional.empty() : Optional.of("answers grpc-status " + grpc);
  }

  /** What differs from another peer's answer to the same; empty when nothing does. */
  Optional<String> differenceFrom(Answer other, boolean sameHeaderNames) {
    if (status != other.status) {
      return Optional.of("status " + status + ", not " + other.status);
    }
    if (bodyBytes != other.bodyBytes || bodyHash != other.bodyHash) {
      return Optional.of(
          "another body: " + bodyBytes + " bytes, not " + other.bodyBytes + ", or other bytes");
    }
    for (String name : BACKENDS) {
      String mine = headers.getOrDefault(name, "");
      String theirs = other.headers.getOrDefault(name, "");
      if (!mine.equals(theirs)) {
        return Optional.of(name + " '" + mine + "', not '" + theirs + "'");
      }
    }
    Set<String> mine = names();
    Set<String> theirs = other.names();
    if (sameHeaderNames && !mine.equals(theirs)) {
      return Optional.of("headers " + mine + ", not " + theirs);
    }
    return Optional.empty();
  }

  private Set<String> names() {
    Set<String> names = new TreeSet<>(headers.keySet());
    names.removeAll(FREE);
    return names;
  }
}
