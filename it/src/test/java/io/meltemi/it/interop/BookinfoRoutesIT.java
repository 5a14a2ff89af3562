package io.meltemi.it.interop;

import static io.meltemi.it.interop.GatewayApiConformanceIT.map;
import static io.meltemi.it.interop.GatewayApiConformanceIT.text;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** Every route to try of the Bookinfo sample does what its first line says, under {@code up}. */
class BookinfoRoutesIT {
  private static final Pattern PAGE = Pattern.compile("http://([a-z0-9.:]+)/productpage");
  private static final String JASON = "jason";
  private static final String NOBODY = "";
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @TempDir private static Path directory;
  private static Path sample;
  private static Program up;
  private static String page;

  /** What a file's first line says, looked at from outside. */
  private interface Says {
    void check() throws Exception;
  }

  private static final Map<String, Says> FILES =
      Map.ofEntries(
          Map.entry("networking/all-v1.yaml", () -> always(NOBODY, v("v1", 200, "none"))),
          Map.entry("networking/reviews-v1.yaml", () -> always(NOBODY, v("v1", 200, "none"))),
          Map.entry("networking/reviews-v3.yaml", () -> always(NOBODY, v("v3", 200, "red"))),
          Map.entry("networking/reviews-90-10.yaml", () -> split("v1", "v2", 200, 3, 45)),
          Map.entry("networking/reviews-50-50.yaml", () -> split("v1", "v3", 100, 25, 75)),
          Map.entry(
              "networking/reviews-jason-v2.yaml",
              () -> {
                always(NOBODY, v("v1", 200, "none"));
                always(JASON, v("v2", 200, "black"));
              }),
          Map.entry(
              "networking/ratings-delay.yaml",
              () -> {
                always(NOBODY, v("v2", 200, "black"));
                long start = System.nanoTime();
                Answer slow = ask(JASON);
                long millis = Duration.ofNanos(System.nanoTime() - start).toMillis();
                assertTrue(slow.status() != 200, slow::toString);
                assertTrue(millis >= 5_000, () -> "gave up after " + millis + " ms");
              }),
          Map.entry(
              "networking/ratings-abort.yaml",
              () -> {
                always(JASON, v("v2", 200, "error"));
                always(NOBODY, v("v2", 200, "black"));
              }),
          Map.entry(
              "networking/reviews-mirror.yaml",
              () -> {
                always(NOBODY, v("v1", 200, "none"));
                long before = received("reviews-v3");
                for (int i = 0; i < 10; i++) {
                  ask(NOBODY);
                }
                up.await(
                    "reviews v3 has received ten copies",
                    Duration.ofSeconds(20),
                    () -> received("reviews-v3") >= before + 10);
              }),
          Map.entry(
              "networking/reviews-timeout.yaml", () -> always(NOBODY, a -> a.status() == 504)),
          Map.entry("gateway-api/reviews-split.yaml", () -> split("v1", "v3", 100, 25, 75)));

  @BeforeAll
  static void start() throws Exception {
    Path root = Path.of(System.getProperty("meltemi.root"));
    sample = directory.resolve("bookinfo");
    UpIT.copy(root.resolve("samples/bookinfo"), sample);
    up =
        Program.start(
            "up", directory, List.of(root.resolve("meltemi").toString(), "up", sample.toString()));
    up.await(
        "a product page is announced",
        Duration.ofMinutes(6),
        () -> PAGE.matcher(up.output()).find());
    Matcher announced = PAGE.matcher(up.output());
    assertTrue(announced.find());
    page = announced.group() + "?format=json";
    up.await("the page answers", Duration.ofMinutes(1), () -> Program.status(page) == 200);
  }

  @AfterAll
  static void stop() {
    if (up != null) {
      up.close();
    }
  }

  @TestFactory
  Stream<DynamicTest> everyFileDoesWhatItsFirstLineSays() throws IOException {
    Set<String> files = new TreeSet<>();
    try (Stream<Path> networking = Files.list(sample.resolve("networking"))) {
      networking
          .map(f -> "networking/" + f.getFileName())
          .filter(f -> f.endsWith(".yaml"))
          .forEach(files::add);
    }
    files.add("gateway-api/reviews-split.yaml");
    assertEquals(new TreeSet<>(FILES.keySet()), files, "a file without a check, or the reverse");
    return FILES.entrySet().stream()
        .map(file -> DynamicTest.dynamicTest(file.getKey(), () -> tryOut(file)));
  }

  private static void tryOut(Map.Entry<String, Says> file) throws Exception {
    Path trying = sample.resolve("try.yaml");
    Files.copy(sample.resolve(file.getKey()), trying, StandardCopyOption.REPLACE_EXISTING);
    try {
      file.getValue().check();
    } finally {
      Files.delete(trying);
      TreeSet<String> versions = new TreeSet<>();
      up.await(
          "all versions answer again",
          Duration.ofSeconds(30),
          () -> {
            Answer answer = ask(NOBODY);
            versions.add(answer.version() + answer.status());
            return versions.containsAll(List.of("v1200", "v2200", "v3200"));
          });
    }
  }

  private static Predicate<Answer> v(String version, int status, String stars) {
    return new Answer(version, status, stars)::equals;
  }

  /** Twelve answers in a row fit, within half a minute. */
  private static void always(String user, Predicate<Answer> fits) throws InterruptedException {
    List<Answer> row = new ArrayList<>();
    up.await(
        "twelve answers that fit",
        Duration.ofSeconds(30),
        () -> {
          Answer answer = ask(user);
          row.add(answer);
          if (!fits.test(answer)) {
            row.clear();
          }
          return row.size() == 12;
        });
  }

  /** Only the two versions answer, and the second as often as said. */
  private static void split(String first, String second, int requests, int least, int most)
      throws InterruptedException {
    always(NOBODY, a -> a.version().equals(first) || a.version().equals(second));
    Map<String, Integer> shares = new TreeMap<>();
    for (int i = 0; i < requests; i++) {
      shares.merge(ask(NOBODY).version(), 1, Integer::sum);
    }
    assertTrue(Set.of(first, second).containsAll(shares.keySet()), shares::toString);
    int counted = shares.getOrDefault(second, 0);
    assertTrue(counted >= least && counted <= most, shares::toString);
  }

  /** What the page got from reviews; "none" are the stars of a version without any. */
  private record Answer(String version, int status, String stars) {}

  private static Answer ask(String user) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(page)).timeout(Duration.ofSeconds(30));
    if (!user.isEmpty()) {
      request.header("end-user", user);
    }
    try {
      HttpResponse<String> response =
          HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
      if (response.statusCode() != 200) {
        return new Answer("page", response.statusCode(), "");
      }
      Map<?, ?> body =
          (Map<?, ?>) new Load(LoadSettings.builder().build()).loadFromString(response.body());
      Map<?, ?> reviews = map(body, "reviews");
      return new Answer(
          text(reviews, "version", "none"),
          Integer.parseInt(text(reviews, "status", "0")),
          text(body, "stars", "none"));
    } catch (IOException e) {
      return new Answer("page", 0, String.valueOf(e.getMessage()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Answer("page", 0, "interrupted");
    }
  }

  /** How many requests the proxy of a workload has taken for its program. */
  private static long received(String workload) {
    Matcher address = Pattern.compile("ready +" + workload + " +([0-9.]+):").matcher(up.output());
    assertTrue(address.find(), () -> workload + " is not announced\n" + up.output());
    try {
      String stats = Program.get("http://" + address.group(1) + ":15000/stats?filter=http.inbound");
      long sum = 0;
      Matcher count =
          Pattern.compile("http\\.inbound[^ ]*downstream_rq_total: ([0-9]+)").matcher(stats);
      while (count.find()) {
        sum += Long.parseLong(count.group(1));
      }
      return sum;
    } catch (IOException e) {
      return -1;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return -1;
    }
  }
}
