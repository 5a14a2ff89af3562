package io.meltemi.samples.bookinfo;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Starts the app named by the first argument; it ends with SIGTERM. */
public final class Main {
  private static final String USAGE =
      "usage: java -jar meltemi-sample-apps.jar productpage|details|reviews|ratings|tcp-echo|selftest";

  private static final String SELF_TEST_URL = "http://productpage:9080/productpage";
  private static final Duration SELF_TEST_TIMEOUT = Duration.ofSeconds(20);

  private Main() {}

  /**
   * Runs an app.
   *
   * @param arguments one of productpage, details, reviews, ratings, tcp-echo
   */
  public static void main(String[] arguments) throws IOException {
    // without it an answer waits for the caller's delayed acknowledgement
    System.setProperty("sun.net.httpserver.nodelay", "true");
    System.setProperty("sun.net.httpserver.maxIdleConnections", "10000");
    System.setProperty("sun.net.httpserver.idleInterval", "3600");
    System.setProperty("jdk.httpclient.keepalive.timeout", "30");
    Environment environment = new Environment(System.getenv());
    if (List.of(arguments).equals(List.of("selftest"))) {
      System.exit(selfTest());
    }
    AutoCloseable app;
    try {
      app = start(arguments.length == 1 ? arguments[0] : "", environment);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(app), "stop"));
    if (environment.flag("EXIT_ON_STDIN_EOF")) {
      Thread.ofPlatform().daemon().name("parent-watch").start(Main::exitAtEndOfInput);
    }
  }

  /**
   * Starts one app.
   *
   * @throws IllegalArgumentException when there is no such app
   */
  static AutoCloseable start(String name, Environment environment) throws IOException {
    return switch (name) {
      case "details" -> AppServer.start(name, environment, new Details());
      case "ratings" -> AppServer.start(name, environment, new Ratings());
      case "reviews" -> AppServer.start(name, environment, reviews(environment));
      case "productpage" -> AppServer.start(name, environment, productPage(environment));
      case "tcp-echo" -> TcpEcho.start(environment);
      default -> throw new IllegalArgumentException(USAGE);
    };
  }

  private static Reviews reviews(Environment environment) {
    return new Reviews(environment, new ServiceClient(MeshProxy.from(environment)));
  }

  private static ProductPage productPage(Environment environment) {
    return new ProductPage(environment, new ServiceClient(MeshProxy.from(environment)));
  }

  /**
   * Starts all of it in this one process, asks for the page, stops; the exit code. The run that an
   * AOT cache of the jar is made from.
   */
  private static int selfTest() throws IOException {
    Map<String, String> variables = new HashMap<>();
    variables.put("PORT", "0");
    variables.put("ENABLE_RATINGS", "true");
    try (AppServer ratings = AppServer.start("ratings", new Environment(variables), new Ratings());
        AppServer details = AppServer.start("details", new Environment(variables), new Details())) {
      local(variables, "RATINGS", ratings);
      local(variables, "DETAILS", details);
      Reviews handler = reviews(new Environment(variables));
      try (AppServer reviews = AppServer.start("reviews", new Environment(variables), handler)) {
        local(variables, "REVIEWS", reviews);
        Environment front = new Environment(variables);
        try (AppServer page = AppServer.start("productpage", front, productPage(front))) {
          // through the page as a proxy, so that the code of proxied calls is trained too
          Environment proxied =
              new Environment(Map.of("HTTP_PROXY", "http://127.0.0.1:" + page.port()));
          ServiceClient client = new ServiceClient(MeshProxy.from(proxied));
          Answer html = client.get(URI.create(SELF_TEST_URL), Map.of(), SELF_TEST_TIMEOUT);
          System.out.println(html.ok() ? "selftest passed" : html.problem());
          return html.ok() ? 0 : 1;
        }
      }
    }
  }

  private static void local(Map<String, String> variables, String service, AppServer server) {
    variables.put(service + "_HOSTNAME", "127.0.0.1");
    variables.put(service + "_SERVICE_PORT", String.valueOf(server.port()));
  }

  /** Ends with the process that holds the other end of standard input. */
  private static void exitAtEndOfInput() {
    try (InputStream in = System.in) {
      while (in.read() >= 0) {
        // only the end matters
      }
    } catch (IOException e) {
      System.err.println("standard input: " + e.getMessage());
    }
    System.exit(0);
  }

  private static void stop(AutoCloseable app) {
    try {
      app.close();
    } catch (Exception e) {
      System.err.println("stop: " + e);
    }
  }
}
