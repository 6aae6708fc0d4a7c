"""While a handle moves, the newest request wins and a late answer is not shown."""

from concurrent.futures import Future

from dashboard.live import LatestWins


class ByHand:
    """An executor whose work is done when the test says so."""

    def __init__(self):
        self.waiting = []

    def submit(self, work, *arguments):
        future = Future()
        self.waiting.append((future, work, arguments))
        return future

    def step(self):
        future, work, arguments = self.waiting.pop(0)
        try:
            future.set_result(work(*arguments))
        except Exception as error:
            future.set_exception(error)


def live(work=lambda number: number * 10):
    executor, shown, failed = ByHand(), [], []
    return (
        LatestWins(work, shown.append, failed.append, lambda call: call(), executor),
        executor,
        shown,
        failed,
    )


def test_requests_that_come_while_one_is_computed_are_replaced_by_the_newest():
    answers, executor, shown, _ = live()
    for number in (1, 2, 3, 4):
        answers.request(number)
    assert len(executor.waiting) == 1
    executor.step()
    executor.step()
    assert shown == [10, 40]
    assert not answers.busy
    assert executor.waiting == []


def test_a_dropped_answer_is_not_shown_and_the_next_one_is():
    answers, executor, shown, _ = live()
    answers.request(1)
    answers.drop()
    executor.step()
    assert shown == []
    answers.request(2)
    executor.step()
    assert shown == [20]


def test_bad_input_is_told_in_its_own_words_and_the_next_request_works():
    def work(number):
        if number == 0:
            raise ValueError("0 phases were asked for.")
        return 1 / (number - 1)

    answers, executor, shown, failed = live(work)
    answers.request(0)
    executor.step()
    assert failed == ["0 phases were asked for."]
    answers.request(1)
    executor.step()
    assert "log" in failed[1]
    assert "ZeroDivisionError" not in failed[1]
    answers.request(3)
    executor.step()
    assert shown == [0.5]
