"""What befalls a host while a job runs.

`holds` says what must become of the tasks that it holds: "given back" to
somebody else in time, "kept" because nobody may notice, or either (None).
"""
import time

GIVEN_BACK, KEPT, EITHER = "given back", "kept", None


class Fault:
    name, holds, seconds = "", GIVEN_BACK, 0.0
    heard = 0.0  # For so much of the silence it is still heard.

    def begin(self, scene, host):
        """Let it happen."""

    def lasts(self, scene, began):
        return time.monotonic() < began + self.seconds

    def step(self, scene, host):
        """Called again and again while it lasts."""
        time.sleep(0.05)

    def end(self, scene, host):
        """Let it be over."""


class Partition(Fault):
    name = "partition, both ways"
    chains = ("INPUT", "OUTPUT")

    def begin(self, scene, host):
        for chain in self.chains:
            host.drop(chain)

    def end(self, scene, host):
        host.heal()


class HearsNothing(Partition):
    """Its next ping still arrives; then TCP sends the same again and again."""
    name = "partition, it hears nothing"
    heard = 0.25
    chains = ("INPUT",)


class IsNotHeard(Fault):
    name = "partition, it is not heard"

    def begin(self, scene, host):
        scene.head.drop("INPUT", "-s", host.address)

    def end(self, scene, host):
        scene.head.heal()


class ClientAway(Partition):
    """The results of who submits wait for him; the work goes on."""
    name = "partition of the client"
    holds = KEPT

    def __init__(self, silence):
        self.seconds = silence + 2

    def begin(self, scene, host):
        super().begin(scene, scene.home)

    def end(self, scene, host):
        super().end(scene, scene.home)


class MasterAway(Partition):
    """Everybody is missed, and comes back."""
    name = "partition of the master"
    holds = EITHER

    def __init__(self, silence):
        self.seconds = silence + 2

    def begin(self, scene, host):
        super().begin(scene, scene.head)

    def end(self, scene, host):
        super().end(scene, scene.head)


class Loss(Fault):
    """Of what comes to the master."""
    name = "30 % loss"
    holds = EITHER

    def __init__(self, seconds):
        self.seconds = seconds

    def struck(self, scene):
        return [scene.head]

    def begin(self, scene, host):
        for each in self.struck(scene):
            each.drop("INPUT", "-m", "statistic", "--mode", "random",
                      "--probability", "0.3")

    def end(self, scene, host):
        for each in self.struck(scene):
            each.heal()


class LossToTheEnd(Loss):
    """A whole job under it."""

    def lasts(self, scene, began):
        return scene.is_busy() and super().lasts(scene, began)


class LossBothWays(Loss):
    name = "30 % loss, both ways"

    def struck(self, scene):
        return scene.net.hosts.values()


class Slow(Fault):
    """The link of the master, so of everybody."""
    name = "slow link, 1 Mbit/s"

    def __init__(self, silence, seconds):
        self.seconds = seconds
        self.holds = KEPT if silence >= 3 else EITHER

    def begin(self, scene, host):
        scene.head.slow()

    def end(self, scene, host):
        scene.head.fast()


class LinkDown(Fault):
    name = "link down"

    def begin(self, scene, host):
        host.link("down")

    def end(self, scene, host):
        host.link("up")


class Flaps(Fault):
    """For moments; with the wait for ARP it is away for a second each time."""
    name = "link down and up"

    def __init__(self, silence, times):
        self.silence, self.seconds = silence, silence * times
        self.holds = KEPT if silence >= 3 else EITHER

    def step(self, scene, host):
        host.link("down")
        time.sleep(scene.chance.uniform(0, self.silence / 10))
        host.link("up")
        time.sleep(scene.chance.uniform(self.silence / 2, self.silence))


class Resets(Fault):
    """All connections of the host, of the master, or of the client."""
    name = "connections reset (ss -K)"
    holds = KEPT

    def __init__(self, seconds):
        self.seconds, self.count = seconds, 0

    def step(self, scene, host):
        victim = scene.chance.choice([host, scene.head, scene.home])
        self.count += victim.reset()
        time.sleep(scene.chance.uniform(0.3, 1))

    def end(self, scene, host):
        scene.say("%d connections were reset", self.count)
        scene.must(self.count > 0, "ss -K resets nothing here")


class Dies(Fault):
    name = "host dies"

    def begin(self, scene, host):
        host.die()

    def end(self, scene, host):
        host.come_back(host.number)
        scene.start_worker(host)


class DiesAndMoves(Dies):
    name = "host dies, is back elsewhere"

    def end(self, scene, host):
        host.come_back(scene.net.new_number())
        scene.start_worker(host)


class Moves(Fault):
    """Its processes live on."""
    name = "host gets another address"

    def begin(self, scene, host):
        host.renumber(scene.net.new_number())


def alone(silence):
    """For jobs with one of them each."""
    return [Partition(), HearsNothing(), IsNotHeard(), ClientAway(silence),
            MasterAway(silence), LossToTheEnd(300), LossBothWays(20),
            Slow(silence, 8), LinkDown(), Flaps(silence, 4), Resets(8), Dies(),
            DiesAndMoves(), Moves()]


def together(silence):
    """For one job through all of them."""
    return [Loss(8) if isinstance(f, LossToTheEnd) else f
            for f in alone(silence)]


def short(silence):
    return [Partition(), HearsNothing(), IsNotHeard(), LossBothWays(2),
            Slow(silence, 2), LinkDown(), Flaps(silence, 2), Resets(2),
            DiesAndMoves(), Moves()]
