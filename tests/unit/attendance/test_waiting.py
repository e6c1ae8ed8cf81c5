"""Who waits is woken by news of theirs, and leaves nothing behind."""

from uuid import UUID

from services.attendance.handlers.waiting import News

ONE, TWO, THREE = (UUID(int=n) for n in range(1, 4))


def test_news_wake_those_who_wait_for_any_of_their_punches() -> None:
    news = News()
    with news.of((ONE, TWO, ONE)) as both, news.of((TWO,)) as second:
        news.tell((THREE,))
        assert not both.is_set()
        news.tell((ONE,))
        assert both.is_set()
        assert not second.is_set()
        both.clear()
        news.tell((TWO, THREE))
        assert both.is_set()
        assert second.is_set()
    news.tell((ONE, TWO))
    assert news._listening == {}
