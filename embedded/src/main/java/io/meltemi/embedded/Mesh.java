package io.meltemi.embedded;

import io.meltemi.common.net.HostPort;
import io.meltemi.common.time.Ticker;
import io.meltemi.config.Kinds;
import io.meltemi.config.kind.deployment.Deployment;
import io.meltemi.config.kind.gateway.Gateway;
import io.meltemi.config.kind.pod.PodSpec;
import io.meltemi.config.kind.service.Service;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.resource.ResourceName;
import io.meltemi.config.store.ConfigSnapshot;
import io.meltemi.config.store.ConfigStore;
import io.meltemi.config.store.Problem;
import io.meltemi.controlplane.gatewayapi.GatewayApiConversion;
import io.meltemi.controlplane.gatewayapi.GatewayApiInputs;
import io.meltemi.controlplane.gatewayapi.ServiceDirectory;
import io.meltemi.controlplane.gatewayapi.StatusProblems;
import io.meltemi.controlplane.push.LocalPlacement;
import io.meltemi.embedded.address.PodAddresses;
import io.meltemi.embedded.address.PortProbe;
import io.meltemi.embedded.console.Console;
import io.meltemi.embedded.image.ImageTable;
import io.meltemi.embedded.image.Tokens;
import io.meltemi.embedded.process.ChildRegister;
import io.meltemi.embedded.process.LogTail;
import io.meltemi.embedded.process.ProcessSettings;
import io.meltemi.embedded.process.ProcessSpec;
import io.meltemi.embedded.process.Readiness;
import io.meltemi.embedded.process.SupervisedProcess;
import io.meltemi.embedded.sidecar.Fleet;
import io.meltemi.embedded.sidecar.SidecarSpec;
import io.meltemi.embedded.workload.ClusterState;
import io.meltemi.embedded.workload.ManagedGateways;
import io.meltemi.embedded.workload.PodPlan;
import io.meltemi.embedded.workload.RunningPod;
import io.meltemi.embedded.workload.TcpServices;
import io.meltemi.embedded.workload.WorkloadPlan;
import io.meltemi.embedded.workload.WorkloadPlanner;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * The pods of one machine: what a scheduler, a kubelet and an endpoint controller do. Brings what
 * runs in line with what the store asks for, and tells the store what runs. Every method is called
 * on the scheduler's thread, but {@link #destroyProcesses}.
 *
 * <p>A pod takes traffic when its proxy and all its programs are ready. A changed deployment gets
 * new pods first; the old ones go when the new ones are ready.
 */
final class Mesh {
  static final int ADMIN_PORT = 15_000;
  static final int HTTP_PROXY_PORT = 15_002;

  private static final String LOCATION = "meltemi up";
  private static final int PRIVILEGED_PORTS = 1024;
  private static final int UNPRIVILEGED_OFFSET = 8000;

  /** Time for proxies to hear that a pod is going, before it does. */
  private static final Duration LAME_DUCK = Duration.ofMillis(500);

  private static final int LOG_LINES = 3;
  private static final Duration CTRL_C_GRACE = Duration.ofMillis(150);

  private final MeshContext context;
  private final ConfigStore store;
  private final Fleet fleet;
  private final Console console;
  private final ScheduledExecutorService scheduler;
  private final Ticker ticker;
  private final ChildRegister register;
  private final PortProbe probe;
  private final PodAddresses addresses;
  private final Map<ResourceName, MeshPod> pods = new LinkedHashMap<>();
  private final Set<Problem> unaccepted = new LinkedHashSet<>();
  private final Map<Integer, HostPort> gatewayBinds = new TreeMap<>();
  private final Set<WorkloadPlan.Problem> reported = new LinkedHashSet<>();
  private ImageTable images = ImageTable.EMPTY;
  private WorkloadPlan plan = new WorkloadPlan(List.of(), List.of());
  private List<HostPort> tcpServices = List.of();
  private boolean reconciled;

  Mesh(
      MeshContext context,
      ConfigStore store,
      Fleet fleet,
      Console console,
      ScheduledExecutorService scheduler,
      Ticker ticker,
      ChildRegister register,
      PortProbe probe,
      PodAddresses addresses) {
    this.context = context;
    this.store = store;
    this.fleet = fleet;
    this.console = console;
    this.scheduler = scheduler;
    this.ticker = ticker;
    this.register = register;
    this.probe = probe;
    this.addresses = addresses;
  }

  /** How images run from now on. */
  void useImages(ImageTable table) {
    images = table;
  }

  /** Brings what runs in line with the store. */
  void reconcile() {
    ConfigSnapshot snapshot = store.snapshot();
    plan =
        WorkloadPlanner.plan(
            deployments(snapshot),
            snapshot.list(Kinds.GATEWAY),
            snapshot.list(Kinds.SERVICE),
            images);
    report();
    List<HostPort> tcpBefore = tcpServices;
    tcpServices = TcpServices.of(snapshot, context.domain());
    bindGateways(snapshot);
    for (PodPlan planned : plan.pods()) {
      MeshPod pod = pods.get(planned.name());
      if (pod == null) {
        start(planned);
      } else {
        place(pod);
      }
    }
    tellNewServices(tcpBefore);
    publish();
    retireReplaced();
    tellUnaccepted();
  }

  /** Says once of each gateway, route and policy that is not accepted why it is not. */
  private void tellUnaccepted() {
    List<Problem> problems = StatusProblems.of(gatewayApi().statuses());
    for (Problem problem : problems) {
      if (unaccepted.add(problem)) {
        console.line(Console.Event.WARNING, problem.violation() + " in " + problem.resource());
      }
    }
    unaccepted.removeIf(problem -> !problems.contains(problem));
  }

  /** Those written, and those that gateways of the Gateway API ask for. */
  private static List<Resource<Deployment>> deployments(ConfigSnapshot snapshot) {
    List<Resource<Deployment>> all = new ArrayList<>(snapshot.list(Kinds.DEPLOYMENT));
    all.addAll(ManagedGateways.deployments(snapshot));
    return all;
  }

  /** Says where the programs that run already can reach TCP services that were not there before. */
  private void tellNewServices(List<HostPort> before) {
    if (reconciled) {
      tcpServices.stream().filter(service -> !before.contains(service)).forEach(this::tellBinds);
    }
    reconciled = true;
  }

  private void tellBinds(HostPort service) {
    List<String> binds = new ArrayList<>();
    for (MeshPod pod : pods.values()) {
      HostPort bind = pod.sidecarSpec.placement().outbound().get(service);
      if (bind != null) {
        binds.add(bind + " for " + pod.plan.workload());
      }
    }
    if (!binds.isEmpty()) {
      String more = binds.size() == 1 ? "" : ", and so on for " + (binds.size() - 1) + " more pods";
      console.line(Console.Event.NOTE, service + " is at " + binds.getFirst() + more);
    }
  }

  /** True when every planned pod is ready. */
  boolean isReady() {
    return plan.pods().stream()
        .allMatch(
            planned -> {
              MeshPod pod = pods.get(planned.name());
              return pod != null && pod.isReady();
            });
  }

  /** All pods, in the order of their start. */
  Collection<MeshPod> pods() {
    return pods.values();
  }

  /** What the Gateway API's objects come to. */
  GatewayApiConversion gatewayApi() {
    return GatewayApiConversion.of(
        new GatewayApiInputs(store.snapshot(), context.domain(), ServiceDirectory.EVERYTHING));
  }

  /** Gateway server port to where it is served. */
  Map<Integer, HostPort> gatewayBinds() {
    return gatewayBinds;
  }

  private void report() {
    for (WorkloadPlan.Problem problem : plan.problems()) {
      if (reported.add(problem)) {
        console.line(Console.Event.ERROR, problem.origin() + ": " + problem.text());
      }
    }
    reported.removeIf(problem -> !plan.problems().contains(problem));
  }

  // --- start ---------------------------------------------------------------------------------

  private void start(PodPlan planned) {
    try {
      MeshPod pod =
          switch (planned.role()) {
            case PodPlan.Role.IngressGateway _ -> startGateway(planned);
            case PodPlan.Role.Application role -> startApplication(planned, role);
          };
      pods.put(planned.name(), pod);
      watch(pod);
    } catch (IllegalStateException e) {
      console.event(Console.Event.ERROR, planned.workload(), String.valueOf(e.getMessage()));
    }
  }

  private MeshPod startGateway(PodPlan planned) {
    PodAddresses.PodAddress address = addresses.allocate(List.of(ADMIN_PORT));
    SidecarSpec spec =
        spec(
            planned, address, new LocalPlacement(Map.of(), Map.of(), Optional.empty(), remapped()));
    return new MeshPod(planned, address, spec, fleet.start(spec), ticker.nanos());
  }

  private MeshPod startApplication(PodPlan planned, PodPlan.Role.Application role) {
    Set<Integer> wanted = new TreeSet<>(role.ports());
    wanted.add(ADMIN_PORT);
    wanted.add(HTTP_PROXY_PORT);
    PodAddresses.PodAddress address = addresses.allocate(List.copyOf(wanted));
    Map<Integer, Integer> applicationPorts = new TreeMap<>();
    for (PodPlan.Program program : role.programs()) {
      for (int port : program.ports()) {
        Integer fixed = program.command().listen().get(port);
        applicationPorts.put(port, fixed != null ? fixed : addresses.allocatePort());
      }
    }
    Map<Integer, LocalPlacement.Inbound> inbound = new TreeMap<>();
    applicationPorts.forEach(
        (port, application) ->
            inbound.put(
                port,
                new LocalPlacement.Inbound(
                    address.at(port), new HostPort(PodAddresses.LOOPBACK, application))));
    LocalPlacement placement =
        new LocalPlacement(
            inbound,
            outbound(address, Map.of()),
            Optional.of(address.at(HTTP_PROXY_PORT)),
            Map.of());
    SidecarSpec spec = spec(planned, address, placement);
    MeshPod pod = new MeshPod(planned, address, spec, fleet.start(spec), ticker.nanos());
    pod.applicationPorts.putAll(applicationPorts);
    for (PodPlan.Program program : role.programs()) {
      SupervisedProcess process = supervise(pod, program);
      pod.processes.add(process);
      process.start();
    }
    return pod;
  }

  private SidecarSpec spec(
      PodPlan planned, PodAddresses.PodAddress address, LocalPlacement placement) {
    return new SidecarSpec(
        planned.name(),
        planned.role() instanceof PodPlan.Role.IngressGateway,
        address.ip(),
        planned.labels(),
        planned.spec().serviceAccountName(),
        planned.workload(),
        address.at(ADMIN_PORT),
        context.xds(),
        context.domain(),
        placement);
  }

  private void watch(MeshPod pod) {
    Fleet.Sidecar sidecar = pod.sidecar;
    sidecar
        .ready()
        .whenCompleteAsync(
            (_, failure) -> {
              if (failure == null) {
                pod.sidecarReady = true;
                changed(pod);
              } else if (!pod.retiring) {
                console.event(
                    Console.Event.ERROR, pod.plan.workload(), "its proxy: " + reason(failure));
              }
            },
            scheduler);
  }

  private static String reason(Throwable failure) {
    Throwable cause = failure.getCause() == null ? failure : failure.getCause();
    return String.valueOf(cause.getMessage());
  }

  // --- programs ------------------------------------------------------------------------------

  private SupervisedProcess supervise(MeshPod pod, PodPlan.Program program) {
    Map<Integer, Integer> ports = new TreeMap<>();
    program.ports().forEach(port -> ports.put(port, pod.applicationPorts.getOrDefault(port, 0)));
    int first = program.ports().isEmpty() ? 0 : program.ports().getFirst();
    Tokens tokens = new Tokens(values(pod, program), ports, first);
    List<String> command = new ArrayList<>();
    program.command().command().forEach(word -> command.add(tokens.fill(word)));
    command.addAll(program.container().args());
    String directory = tokens.fill(program.command().directory());
    Path log = log(pod, program);
    ProcessSpec spec =
        new ProcessSpec(
            pod.plan.name().name(),
            command,
            environment(pod, program, tokens),
            context.directory().resolve(directory),
            log,
            readiness(program, ports));
    return new ProgramWatch(pod, spec).process;
  }

  private static Readiness readiness(PodPlan.Program program, Map<Integer, Integer> ports) {
    List<HostPort> all =
        ports.values().stream().map(port -> new HostPort(PodAddresses.LOOPBACK, port)).toList();
    Optional<PodSpec.ReadinessProbe> written = program.container().readinessProbe();
    if (written.isEmpty()) {
      return Readiness.accepting(all);
    }
    PodSpec.ReadinessProbe probe = written.get();
    Optional<HostPort> address =
        program.container().ports().stream()
            .filter(port -> probe.port().equals(port.name()) || number(port).equals(probe.port()))
            .map(PodSpec.ContainerPort::containerPort)
            .findFirst()
            .map(ports::get)
            .map(port -> new HostPort(PodAddresses.LOOPBACK, port));
    Optional<Readiness.HttpGet> http =
        probe.httpPath().isEmpty()
            ? Optional.empty()
            : address.map(at -> new Readiness.HttpGet(at, probe.httpPath()));
    return new Readiness(
        all, http, Duration.ofSeconds(probe.periodSeconds()), probe.failureThreshold());
  }

  private static String number(PodSpec.ContainerPort port) {
    return String.valueOf(port.containerPort());
  }

  private Path log(MeshPod pod, PodPlan.Program program) {
    boolean only = pod.plan.spec().containers().size() == 1;
    String name = pod.plan.name().name() + (only ? "" : "-" + program.container().name());
    return context.state().resolve(name + ".log");
  }

  private Map<String, String> values(MeshPod pod, PodPlan.Program program) {
    String image = program.container().image();
    int colon = image.indexOf(':', image.lastIndexOf('/') + 1);
    return Map.of(
        "java", context.java().toString(),
        "root", context.root().toString(),
        "dir", context.directory().toString(),
        "container", program.container().name(),
        "image", image,
        "tag", colon < 0 ? "latest" : image.substring(colon + 1),
        "pod", pod.plan.name().name(),
        "namespace", pod.plan.namespace(),
        "ip", pod.address.ip());
  }

  private Map<String, String> environment(MeshPod pod, PodPlan.Program program, Tokens tokens) {
    Map<String, String> environment = new LinkedHashMap<>();
    String proxy = "http://" + pod.address.at(HTTP_PROXY_PORT);
    environment.put("HTTP_PROXY", proxy);
    environment.put("http_proxy", proxy);
    environment.put("NO_PROXY", "localhost,127.0.0.1,::1");
    environment.put("no_proxy", "localhost,127.0.0.1,::1");
    environment.put("POD_NAME", pod.plan.name().name());
    environment.put("POD_NAMESPACE", pod.plan.namespace());
    environment.put("POD_IP", pod.address.ip());
    environment.put("SERVICE_ACCOUNT", pod.plan.spec().serviceAccountName());
    environment.put("HOSTNAME", pod.plan.name().name());
    environment.put("EXIT_ON_STDIN_EOF", "true");
    pod.sidecarSpec
        .placement()
        .outbound()
        .forEach((service, bind) -> addService(environment, pod, service, bind));
    if (!program.ports().isEmpty()) {
      environment.put("PORT", tokens.fill("${port}"));
    }
    for (int port : program.ports()) {
      environment.put("PORT_" + port, tokens.fill("${port:" + port + "}"));
    }
    program
        .command()
        .environment()
        .forEach((name, value) -> environment.put(name, tokens.fill(value)));
    environment.putAll(program.container().environment());
    return environment;
  }

  /** As Kubernetes does for the services of the pod's namespace, but for TCP services only. */
  private static void addService(
      Map<String, String> environment, MeshPod pod, HostPort service, HostPort bind) {
    String[] labels = service.host().split("\\.", 3);
    boolean sameNamespace = labels.length > 1 && labels[1].equals(pod.plan.namespace());
    String name = (sameNamespace ? labels[0] : service.host()).toUpperCase(Locale.ROOT);
    name = name.replaceAll("[^A-Z0-9]", "_");
    environment.putIfAbsent(name + "_SERVICE_HOST", bind.host());
    environment.putIfAbsent(name + "_SERVICE_PORT", String.valueOf(bind.port()));
  }

  /** Keeps a program's readiness in its pod. */
  private final class ProgramWatch implements SupervisedProcess.Listener {
    private final MeshPod pod;
    private final SupervisedProcess process;

    ProgramWatch(MeshPod pod, ProcessSpec spec) {
      this.pod = pod;
      process =
          new SupervisedProcess(spec, ProcessSettings.DEFAULT, scheduler, ticker, register, this);
    }

    @Override
    public void ready() {
      pod.readyProcesses.add(process);
      changed(pod);
    }

    @Override
    public void notReady() {
      pod.readyProcesses.remove(process);
      pod.announced = false;
      publish();
      console.event(
          Console.Event.WARNING,
          pod.plan.workload(),
          "its readiness probe fails; log: " + process.spec().log());
    }

    @Override
    public void ended(String why, Duration restartIn) {
      boolean wasReady = pod.readyProcesses.remove(process);
      pod.startNanos = ticker.nanos() + restartIn.toNanos();
      pod.announced = false;
      if (wasReady) {
        publish();
      }
      // Ctrl-C reaches the children as well as us, and perhaps first
      scheduler.schedule(
          () -> tellEnd(why, restartIn), CTRL_C_GRACE.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void tellEnd(String why, Duration restartIn) {
      if (!pod.retiring) {
        console.event(
            Console.Event.ERROR,
            pod.plan.workload(),
            "%s; next start in %d s".formatted(why, restartIn.toSeconds()));
        List<String> lines = LogTail.lines(process.spec().log(), LOG_LINES);
        if (!lines.isEmpty()) {
          console.plain("         " + process.spec().log() + " ends so:");
          lines.forEach(line -> console.plain("           " + line));
        }
      }
    }
  }

  // --- state ---------------------------------------------------------------------------------

  private void changed(MeshPod pod) {
    if (pod.isReady() && !pod.announced) {
      pod.announced = true;
      console.event(Console.Event.READY, pod.plan.workload(), describe(pod));
      publish();
      retireReplaced();
    }
  }

  private String describe(MeshPod pod) {
    long millis = (ticker.nanos() - pod.startNanos) / 1_000_000;
    StringBuilder text = new StringBuilder();
    if (pod.isGateway()) {
      gatewayBinds.values().forEach(bind -> text.append("http://").append(bind).append(' '));
    } else {
      pod.applicationPorts.keySet().forEach(port -> text.append(pod.address.at(port)).append(' '));
      pod.processes.forEach(
          process -> process.pid().ifPresent(pid -> text.append(" pid ").append(pid)));
    }
    return "%-34s %d.%d s".formatted(text.toString().strip(), millis / 1000, millis % 1000 / 100);
  }

  private void publish() {
    List<RunningPod> running =
        pods.values().stream().filter(pod -> !pod.retiring).map(MeshPod::running).toList();
    ConfigSnapshot snapshot = store.snapshot();
    List<Resource<Service>> made = ManagedGateways.services(snapshot);
    Map<ResourceName, Resource<Service>> services = new LinkedHashMap<>();
    snapshot.list(Kinds.SERVICE).forEach(service -> services.put(service.id(), service));
    made.forEach(service -> services.put(service.id(), service));
    List<Resource<?>> resources = new ArrayList<>(made);
    resources.addAll(ClusterState.resources(running, List.copyOf(services.values())));
    store.replace(LOCATION, resources);
  }

  // --- placement -----------------------------------------------------------------------------

  private void bindGateways(ConfigSnapshot snapshot) {
    Set<Integer> ports = new TreeSet<>();
    for (Resource<Gateway> gateway : snapshot.list(Kinds.GATEWAY)) {
      gateway.spec().servers().forEach(server -> ports.add(server.port().number()));
    }
    ports.addAll(ManagedGateways.ports(snapshot));
    gatewayBinds
        .entrySet()
        .removeIf(
            entry -> {
              boolean gone = !ports.contains(entry.getKey());
              if (gone) {
                addresses.releasePort(entry.getValue().port());
              }
              return gone;
            });
    for (int port : ports) {
      gatewayBinds.computeIfAbsent(port, this::bindGateway);
    }
  }

  private HostPort bindGateway(int port) {
    List<Integer> candidates =
        port < PRIVILEGED_PORTS ? List.of(port, port + UNPRIVILEGED_OFFSET) : List.of(port);
    for (int candidate : candidates) {
      HostPort bind = new HostPort(PodAddresses.LOOPBACK, candidate);
      if (!gatewayBinds.containsValue(bind) && probe.isFree(bind.host(), candidate)) {
        if (candidate != port) {
          sayMoved(port, bind);
        }
        addresses.reservePort(candidate);
        return bind;
      }
    }
    HostPort bind = new HostPort(PodAddresses.LOOPBACK, addresses.allocatePort());
    sayMoved(port, bind);
    return bind;
  }

  private void sayMoved(int port, HostPort bind) {
    console.line(
        Console.Event.WARNING,
        "gateway port %d is taken or not permitted; it is at %s instead".formatted(port, bind));
  }

  /** Only binds that differ from the default: a change of the others needs no word to the proxy. */
  private Map<Integer, HostPort> remapped() {
    Map<Integer, HostPort> binds = new TreeMap<>();
    gatewayBinds.forEach(
        (port, bind) -> {
          if (bind.port() != port) {
            binds.put(port, bind);
          }
        });
    return binds;
  }

  private Map<HostPort, HostPort> outbound(
      PodAddresses.PodAddress address, Map<HostPort, HostPort> before) {
    Map<HostPort, HostPort> binds = new LinkedHashMap<>();
    for (HostPort service : tcpServices) {
      HostPort bind = before.get(service);
      if (bind == null) {
        HostPort own = new HostPort(address.ip(), service.port());
        boolean free =
            addresses.isDistinct()
                && !address.ports().containsValue(own)
                && !binds.containsValue(own)
                && !before.containsValue(own)
                && probe.isFree(own.host(), own.port());
        bind = free ? own : new HostPort(address.ip(), addresses.allocatePort());
      }
      binds.put(service, bind);
    }
    return binds;
  }

  /** Gives a proxy new binds when services or gateways ask for others. */
  private void place(MeshPod pod) {
    LocalPlacement old = pod.sidecarSpec.placement();
    LocalPlacement now =
        pod.isGateway()
            ? new LocalPlacement(Map.of(), Map.of(), Optional.empty(), remapped())
            : new LocalPlacement(
                old.inbound(), outbound(pod.address, old.outbound()), old.httpProxy(), Map.of());
    if (now.equals(old) || pod.retiring) {
      return;
    }
    pod.sidecarSpec = pod.sidecarSpec.with(now);
    pod.sidecar.update(pod.sidecarSpec);
  }

  // --- end -----------------------------------------------------------------------------------

  /** Ends pods that are not wanted any more, once those that take their place are ready. */
  private void retireReplaced() {
    Set<ResourceName> wanted = new LinkedHashSet<>();
    Set<ResourceName> unready = new LinkedHashSet<>();
    for (PodPlan planned : plan.pods()) {
      wanted.add(planned.name());
      MeshPod pod = pods.get(planned.name());
      if (pod == null || !pod.isReady()) {
        unready.add(new ResourceName(planned.namespace(), planned.workload()));
      }
    }
    List<MeshPod> leaving =
        pods.values().stream()
            .filter(pod -> !pod.retiring && !wanted.contains(pod.plan.name()))
            .filter(
                pod ->
                    !unready.contains(new ResourceName(pod.plan.namespace(), pod.plan.workload())))
            .toList();
    if (leaving.isEmpty()) {
      return;
    }
    for (MeshPod pod : leaving) {
      pod.retiring = true;
      console.event(Console.Event.STOP, pod.plan.workload(), pod.plan.name().name());
    }
    publish();
    scheduler.schedule(
        () -> leaving.forEach(this::end), LAME_DUCK.toMillis(), TimeUnit.MILLISECONDS);
  }

  private CompletableFuture<Void> end(MeshPod pod) {
    pod.retiring = true;
    List<CompletableFuture<Void>> ends = new ArrayList<>();
    pod.processes.forEach(process -> ends.add(process.stop()));
    return CompletableFuture.allOf(ends.toArray(CompletableFuture<?>[]::new))
        .thenCompose(_ -> pod.sidecar.close())
        .whenCompleteAsync(
            (_, _) -> {
              pods.remove(pod.plan.name());
              addresses.release(pod.address);
              pod.applicationPorts.values().forEach(addresses::releasePort);
            },
            scheduler);
  }

  /** Ends everything; completes when no process is left. */
  CompletableFuture<Void> stop() {
    List<CompletableFuture<Void>> ends = new ArrayList<>();
    for (MeshPod pod : pods.values()) {
      pod.retiring = true;
      pod.processes.forEach(process -> ends.add(process.stop()));
    }
    return CompletableFuture.allOf(ends.toArray(CompletableFuture<?>[]::new));
  }

  /** Ends the processes by force. Any thread; for the last moments of the JVM. */
  void destroyProcesses() {
    List.copyOf(pods.values()).forEach(pod -> pod.processes.forEach(SupervisedProcess::destroy));
  }
}
