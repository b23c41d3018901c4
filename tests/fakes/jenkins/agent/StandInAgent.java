import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;

/**
 * Stands in for Jenkins' agent.jar: the same arguments, handshake, log lines and exit codes; what it
 * runs are the scripts of the fake controller. The fake tells how long to pause between two tries.
 */
public final class StandInAgent implements WebSocket.Listener {
    private final Map<String, String> given;
    private final String cookie = UUID.randomUUID().toString();
    private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(10)).build();
    private final Deque<String> unsent = new ArrayDeque<>();
    private final StringBuilder heard = new StringBuilder();
    private WebSocket socket;
    private CountDownLatch ended;
    private long pauseMillis = 10_000;

    private StandInAgent(Map<String, String> given) {
        this.given = given;
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> given = read(expand(arguments));
        if (given == null || !given.containsKey("-url") || !given.containsKey("-secret") || !given.containsKey("-name")) {
            System.err.println("java -jar agent.jar [options...]\n -name VAL\n -secret HEX_SECRET\n -url URL\n -webSocket\n -workDir FILE");
            System.exit(0);
        }
        System.exit(new StandInAgent(given).live());
    }

    /** As args4j does: {@code @file} is the lines of that file. */
    private static List<String> expand(String[] arguments) throws IOException {
        List<String> all = new ArrayList<>();
        for (String argument : arguments) {
            if (argument.startsWith("@")) all.addAll(Files.readAllLines(Path.of(argument.substring(1))));
            else all.add(argument);
        }
        return all;
    }

    /** Null when there is an argument that belongs to no option. */
    private static Map<String, String> read(List<String> arguments) {
        List<String> flags = List.of("-webSocket", "-noReconnect");
        Map<String, String> given = new TreeMap<>();
        for (int at = 0; at < arguments.size(); at++) {
            String name = arguments.get(at).trim();
            if (!name.startsWith("-")) return null;
            if (flags.contains(name)) given.put(name, "");
            else if (++at < arguments.size()) given.put(name, arguments.get(at).trim());
        }
        return given;
    }

    private int live() throws Exception {
        String workDir = given.get("-workDir");
        if (workDir != null) Files.createDirectories(Path.of(workDir, "remoting"));
        say("INFO: Setting up agent: " + given.get("-name"));
        long lostAt = System.nanoTime();
        Duration patience = duration(given.get("-noReconnectAfter"));
        while (true) {
            if (answersLogin()) {
                int refused = connect();
                if (refused != 0 && refused != 503) {
                    say("SEVERE: Handshake error: status " + refused);
                    return 255;
                }
                if (refused == 0) {
                    say("INFO: Connected");
                    ended.await();
                    say("INFO: Terminated");
                    lostAt = System.nanoTime();
                    if (given.containsKey("-noReconnect")) return 0;
                }
            }
            if (patience != null && System.nanoTime() - lostAt > patience.toNanos()) return 0;
            Thread.sleep(pauseMillis);
        }
    }

    private boolean answersLogin() {
        try {
            HttpRequest login = HttpRequest.newBuilder(URI.create(root() + "login")).timeout(Duration.ofSeconds(10)).build();
            HttpResponse<Void> answer = http.send(login, HttpResponse.BodyHandlers.discarding());
            answer.headers().firstValueAsLong("X-Stand-In-Pause").ifPresent(told -> pauseMillis = told);
            return answer.statusCode() == 200;
        } catch (IOException | InterruptedException away) {
            return false;
        }
    }

    /** 0 when it is connected, else the status that refused it; 503 for any other trouble, which is tried again. */
    private int connect() {
        ended = new CountDownLatch(1);
        try {
            WebSocket opened = http.newWebSocketBuilder()
                .header("Node-Name", given.get("-name"))
                .header("Secret-Key", given.get("-secret"))
                .header("Connection-Cookie", cookie)
                .buildAsync(URI.create(root().replaceFirst("^http", "ws") + "wsagents/"), this)
                .join();
            say("INFO: WebSocket connection open");
            synchronized (unsent) {
                socket = opened;
                flush();
            }
            return 0;
        } catch (CompletionException failed) {
            if (failed.getCause() instanceof WebSocketHandshakeException) {
                return ((WebSocketHandshakeException) failed.getCause()).getResponse().statusCode();
            }
            return 503;
        }
    }

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean isLast) {
        heard.append(part);
        if (isLast) {
            String[] words = heard.toString().trim().split(" ");
            heard.setLength(0);
            if (words[0].equals("run") && words.length == 3) new Thread(() -> run(words[1], words[2])).start();
        }
        from.request(1);
        return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket from, int status, String reason) {
        lose();
        return null;
    }

    @Override
    public void onError(WebSocket from, Throwable error) {
        lose();
    }

    private void lose() {
        synchronized (unsent) {
            socket = null;
        }
        ended.countDown();
    }

    private void run(String id, String script) {
        int code = 255;
        try {
            String text = new String(Base64.getDecoder().decode(script), StandardCharsets.UTF_8);
            ProcessBuilder builder = new ProcessBuilder("sh", "-c", text).redirectErrorStream(true);
            if (given.containsKey("-workDir")) builder.directory(Path.of(given.get("-workDir")).toFile());
            Process process = builder.start();
            try (BufferedReader output = new BufferedReader(new java.io.InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                for (String line = output.readLine(); line != null; line = output.readLine()) {
                    tell("out " + id + " " + Base64.getEncoder().encodeToString((line + "\n").getBytes(StandardCharsets.UTF_8)));
                }
            }
            code = process.waitFor();
        } catch (IOException | InterruptedException failed) {
            say("SEVERE: " + failed);
        }
        tell("exit " + id + " " + code);
    }

    /** What is told while the connection is lost goes out on the next one. */
    private void tell(String line) {
        synchronized (unsent) {
            unsent.add(line);
            flush();
        }
    }

    private void flush() {
        try {
            while (socket != null && !unsent.isEmpty()) {
                socket.sendText(unsent.peek(), true).join();
                unsent.remove();
            }
        } catch (CompletionException lost) {
            // The listener is told of it as well.
        }
    }

    private String root() {
        String url = given.get("-url");
        return url.endsWith("/") ? url : url + "/";
    }

    /** {@code 15s} or {@code 1m}; null for none. */
    private static Duration duration(String text) {
        if (text == null) return null;
        String upper = text.toUpperCase();
        return Duration.parse(upper.endsWith("D") ? "P" + upper : "PT" + upper);
    }

    private static void say(String line) {
        System.err.println(line);
    }
}
